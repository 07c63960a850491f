# English. Every text has its counterpart in zh-CN.ftl; a school's own locales/en.ftl needs only
# the few that it changes.

### Around every page

service = Campus Sign-in
school-unnamed = the university
desk-unnamed = the IT service desk
skip = Skip to main content
tools = Language and help
help = Help
foot-desk = Need help? { $desk }
demo = This is a demonstration; all people are invented.
demo-inbox = Read the demo’s text messages
title-error = Please check:{" "}
motto = One sign-in, the whole campus

### Sign-in

sign-in = Sign in
sign-in-to = You will continue to { $application }
sign-in-lead = One account for all university services
sign-in-again = Sign in again
to-sign-in = Go to sign-in
back-to-sign-in = Back to sign-in
number = Account number
number-hint = Your student, staff or payroll number
password = Password
password-show = Show password
password-hide = Hide password
initial-password-hint = For your first sign-in, use your initial password
warn = Ask me before signing in to other applications
remember = Keep me signed in for { $days ->
    [one] 1 day
   *[other] { $days } days
} (not on shared computers)
resume = Your first sign-in is not finished yet.
resume-link = Continue where you left off
activation-link = First sign-in: activate your account
activation-link-hint = Without an initial password, by text message or activation code
unlock-link = Lift the limit with a code by phone
unlock-link-hint = After several failed sign-ins, instead of waiting
next = Next

### Captcha

captcha = Characters in the picture
captcha-alt = Picture with the characters to enter. If you cannot read it, ask for another one or listen to the spoken version.
captcha-hint = Enter the characters you see or hear, in upper or lower case
captcha-other = Show another picture
captcha-listen = Listen instead
captcha-audio = Spoken characters

### One-time codes

code = Verification code
code-get = Send me a code
code-again = Send another
code-again-in = Send another ({ $seconds } s)
code-again-captcha = Nothing arrived? Get another code
code-hint = The 6 digits from the text message, valid for { $minutes ->
    [one] 1 minute
   *[other] { $minutes } minutes
}.
code-wait = {" "}You can ask for another in { $seconds ->
    [one] 1 second
   *[other] { $seconds } seconds
}.
code-sent = We have sent a code. Please check your text messages.
code-sent-to = We have sent a code to { $masked }. Please check your text messages.
verify = Verify

### Waiting line

queue-place = { $place ->
    [one] 1 person is before you
   *[other] { $place } people are before you
}
queue-next = You are next
queue-lead = Many people are signing in right now, and everyone is served in turn. You need not type anything again: you will be let in automatically.
queue-refresh = This page refreshes every { $seconds ->
    [one] second
   *[other] { $seconds } seconds
}. Please keep it open.
queue-link = Refresh now

### Activation and unlocking

activation = First sign-in: activate your account
activation-lead = Start here if you have no initial password, or if it does not work. Enter your account number, then choose how to prove that it is yours.
activation-sent = If the university has your phone number on record, a code is on its way. Please check your text messages.
activation-code-only = Only if you chose “Activation code”
activation-method = How to prove it
method-sms = Text message
method-sms-hint = A code to the phone number that the university has on record
method-code = Activation code
method-code-hint = The code issued by the university, or your admission number
unlock = Lift the sign-in limit
unlock-lead = Prove it is you with the phone bound to your account, and go on signing in on this device.
unlock-sent = If a phone is bound to this account, a code is on its way. Please check your text messages.

### First sign-in: steps

steps = Steps of your first sign-in
step-evidence = Identity
step-notice = Privacy
step-password = Password
step-phone = Phone
step-done = Done
step-is-done = (done)

### First sign-in: identity

evidence = Prove your identity
evidence-hello = Hello, { $name }.
evidence-phone = To make sure it is you, we will send a code to { $phone }.
evidence-enter = Enter the code to prove that the account is yours.
evidence-registered = Phone number on record
evidence-activation = To make sure it is you, please enter the activation code you got from the university.
evidence-activation-instead = No text message? Use an activation code
evidence-activation-verify = Verify activation code
activation-code = Activation code
activation-code-hint = On your activation letter; your admission number also works
evidence-not-mine = Not your number, or no longer in use? Contact { $desk }.
evidence-desk = The university has no phone number on record for you and has not issued an activation code, so your identity cannot be proved online. Please bring a valid ID and contact { $desk }.

### First sign-in: privacy

privacy = How we handle your personal information
privacy-lead = Please read this notice and agree to continue.
privacy-version = Version { $version }
privacy-accept = I have read and agree to this notice, including how sensitive personal information is handled
privacy-submit = Agree and continue
privacy-refuse = If you do not agree, the account cannot be activated online. Contact { $desk } about other ways.

### First sign-in: password

new-password = Change your password
new-password-first = Choose a password
new-password-lead = Your password needs to be renewed. Choose a new one to continue.
new-password-lead-first = Your initial password has served its purpose. Please choose a new one.
new-password-label = New password
new-password-again = New password again
new-password-hint = { $least } to { $most } characters; spaces and Chinese are welcome. A few unrelated words are easy to remember and hard to guess. Leave out your name, account number, phone number and ID number.
new-password-submit = Save and continue
strength-labels = Too short|Easy to guess|Rather weak, make it longer|Good|Very strong

### First sign-in: phone

bind-phone = Bind your phone
bind-phone-lead = Your phone receives verification codes, protects your account and warns you of unusual sign-ins.
bind-phone-proved = The number you just verified
bind-phone-keep = Bind this number
bind-phone-other = Or bind another number
bind-phone-submit = Bind this phone
bind-phone-change = Use a different number
phone = Phone number
phone-hint = Numbers of mainland China as they are; others start with + and the country or region code

### First sign-in: done

done = { $name }, your account is active
done-lead = From now on, sign in with your account number and the new password.
done-password = Your new password is in force; the initial one is void
done-phone = Phone { $phone } is bound
done-submit = I’m done
done-submit-to = I’m done, go to { $application }

### Signed in, signed out, other account

signed-in = { $name }, you are signed in
signed-in-lead = You can open university applications without entering your password again.
signed-in-since = Signed in at
signed-in-until = Valid until
sign-out = Sign out
shared-computer = On a shared computer, please sign out and close the browser when you are done.
sign-out-ask = Sign out?
sign-out-asked-by = { $application } asks to sign you out of Campus Sign-in.
sign-out-asked = You are about to sign out of Campus Sign-in.
sign-out-confirm = Sign out
sign-out-stay = Stay signed in
sign-out-hint = You will be signed out of the other applications in this browser too. If you did not ask for this yourself, stay signed in.
signed-out = You have signed out
signed-out-lead = You have left Campus Sign-in. On a shared computer, please also close all browser windows.
signed-out-nobody = Nobody is signed in
signed-out-nobody-lead = There is no account signed in on this browser.
signed-out-of = Signed out of { $count ->
    [one] 1 system
   *[other] { $count } systems
}
signed-out-told = { $delivered ->
    [0] ; { $count ->
        [one] 1 system told, not confirmed
       *[other] { $count } systems told, not confirmed
    }
   *[other] ; { $count } told, not confirmed
}
signed-out-waiting = { $delivered ->
    [0] ; { $count ->
        [one] 1 system is following
       *[other] { $count } systems are following
    }
   *[other] ; { $count } on the way
}
signed-out-retrying = { $delivered ->
    [0] ; { $count ->
        [one] 1 system is still being retried
       *[other] { $count } systems are still being retried
    }
   *[other] ; { $count } still being retried
}
signed-out-failed = { $delivered ->
    [0] ; { $count ->
        [one] 1 system did not confirm
       *[other] { $count } systems did not confirm
    }
   *[other] ; { $count } failed
}
signed-out-onward = You will be taken back to { $application } in a moment.
signed-out-onward-link = Back to { $application }
ledger = Sign-out by system
ledger-delivered = Signed out
ledger-told = Told, not confirmed
ledger-waiting = Signing out
ledger-retrying = Still trying
ledger-failed = Not signed out
ledger-shown = Notified by your browser
ledger-advice = { $count ->
    [one] 1 system has
   *[other] { $count } systems have
} not confirmed the sign-out. Please sign out there yourself, or close your browser.
ledger-moving = We keep notifying the remaining systems; you need not wait.{" "}
ledger-until = You can check back here until { $until }.
ledger-again = Refresh
front-channel = Signing out of { $application }
switch = Switch account
switch-lead = You are signed in as { $name } ({ $number }). To switch, you will be signed out first, then you can sign in with another account.
switch-submit = Sign out and switch
switch-back = Stay signed in as { $name }

### Entering an application

signed-in-as = Signed in as
person = { $name } ({ $number })
cancel = Cancel
enter = Continue to { $application }?
enter-lead = You wanted to be asked before signing in to other applications. If you continue, this one will learn who you are.
enter-origin = Its address
enter-submit = Continue
enter-hint = If you did not open this link yourself, cancel.
choose-number = Choose an account number
choose-number-lead = { $name }, you have { $count } account numbers that can be used with { $application }. Please choose one.
choose-number-label = Your account numbers
choose-number-hint = This application will always get the number you choose now.
choose-number-submit = Continue to { $application }
choose-number-missing = Please choose an account number first.
role-student = Student
role-staff = Staff
role-faculty = Faculty
role-employee = Employee
role-member = Member of the university
role-affiliate = Affiliate
role-alum = Alumnus or alumna
role-library-walk-in = Library visitor
select-account = Choose an account
select-account-lead = { $application } wants to know with which account you continue.
select-account-submit = Continue as { $name } ({ $number })
select-account-other = Use another account
consent = Let { $application } know this?
consent-lead = { $application } asks to learn the following about you from the university:
consent-nothing = { $application } asks to recognise you. It will learn nothing else about you.
consent-allow = Allow
consent-deny = Don’t allow
consent-hint = You can take this back at any time under “My account”.
device = Connect a device
device-lead = Enter the code that your device shows. Next you will see what it asks for.
device-check = Does your device show this very code? Then go on. Next you will see what it asks for.
device-code = Code on your device
device-code-hint = 8 letters; upper or lower case and the dash do not matter.
device-warning = Go on only if the device is in front of you and you began this yourself. If somebody sent you the code, close this page.
device-allowed = The device is connected
device-allowed-lead = { $application } goes on by itself on your device. You may close this page.
device-denied = The device was not connected
device-denied-lead = { $application } gets no access to your account. You may close this page.
consent-hint-once = This application will ask again each time.
learns-name = Your name
learns-number = Your account number
learns-numbers = All your account numbers, with role and period
learns-affiliation = Your role at the university
learns-org = Your department
learns-groups = Your groups
learns-email = Your e-mail address
learns-phone = Your phone number
learns-address = Your postal address
learns-offline = Keeps access while you are not using it
learns-scope = Access to a part of the application:
learns-more = {" "}and { $count } more
list-and = ,{" "}
account = My account
account-back = Back to my account
consents = Authorized applications
consents-lead = These applications may learn something about you, or keep access while you are not there.
consents-none = No application has access while you are not there, and you have not allowed any to learn something about you. Applications of the university that only know you while you use them are not listed here.
consents-since = Allowed on { $since }.
consents-campus = The university registered it; you were not asked.
consents-access = Access while you are not there
consents-offline = Access while you are not there since { $since }, last used { $used }; it ends by { $until }.
consents-end = End access
consents-end-of = End access: { $application }
consents-reused = We ended the access of “{ $application }” on { $at }: its key was used twice, which happens when somebody has copied it. Sign in there again to go on. If you did not expect this, tell { $desk }.
consents-gone = The application is no longer registered.
consents-revoke = Take back
consents-revoke-of = Take back what { $application } may know
consents-withdrawn = Taken back. The application has no access any more.
consents-hint = What an application has already learnt, it may still have. Ask its operators to erase it.
handing-over = Taking you to { $application }
handing-over-lead = If nothing happens, press the button below.
handing-over-submit = Continue

### Refusals and errors

refused = This application is not registered
refused-lead = The link you followed leads to an application that is not registered with this university. To protect your account, the sign-in has been stopped.
refused-next = Please open the application again from the university’s website or service hall. If you still see this page, give the number below to { $desk }.
refused-client = The sign-in can’t go on
refused-client-lead = The application that sent you here asked in a way that this university has not registered. To protect your account, the sign-in has been stopped.
refused-client-spent-lead = This sign-in was already finished, or it lay open for too long.
refused-client-next = Please open the application again from its own page. If you still see this page, give the words and the number below to { $desk }.
refused-client-reason = Reason
no-access = You have no access to { $application }
no-access-disabled = { $application } is switched off for everyone at the moment. Ask the contact below when it will be back.
no-access-not_yet = { $application } opens on { $date }. Please come back then.
no-access-over = { $application } has been closed since { $date }.
no-access-times = { $application } is closed right now. Please come back during its opening hours.
no-access-state = You are signed in, but the present state of your account does not allow this application: for example, you may have graduated, be on leave, or have left the university.
no-access-affiliation = You are signed in, but this application is not open to people in your role.
no-access-org_unit = You are signed in, but this application is not open to your department.
no-access-group = You are signed in, but this application is only for people on a list, and you are not on it.
no-access-number = You are signed in, but you have no valid account number that this application accepts.
no-access-number-student = You are signed in, but this application needs a student number, and you have no valid one.
no-access-number-staff = You are signed in, but this application needs a staff number, and you have no valid one.
no-access-for = It is open to:
no-access-hours = Opening hours:
no-access-next = If you have an account in another role, switch to it and try again. If you think you should have access, ask the contact above.
ask = Whom to ask
closed-disabled = Out of service
closed-not_yet = Not open yet
closed-over = No longer open
closed-times = Closed at this hour
date = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[other] December
} { $year }
days-every = Every day
days-and = ,{" "}
days-span = { $from } to { $to }
day-mon = Monday
day-tue = Tuesday
day-wed = Wednesday
day-thu = Thursday
day-fri = Friday
day-sat = Saturday
day-sun = Sunday
hours = { $from }–{ $to }
hours-overnight = { $from }–{ $to } the next day
affiliation-student = Students
affiliation-staff = Staff
affiliation-faculty = Faculty
affiliation-employee = Employees
affiliation-member = Members of the university
affiliation-affiliate = Affiliates
affiliation-alum = Alumni
affiliation-library-walk-in = Library visitors
request-id = Reference number
error-retry = {" "}Please try again in about { $seconds ->
    [one] 1 second
   *[other] { $seconds } seconds
}.
error-bad_request = This request cannot be read
error-bad_request-next = The link may be incomplete. Please start again from the university’s website; if that does not help, contact { $desk }.
error-forgery = This page has expired
error-forgery-next = It was open for too long, or your browser blocks cookies. Please go back to sign-in and try again; if that does not help, contact { $desk }.
error-not_found = Page not found
error-not_found-next = Please check the address, or start again from sign-in.
error-method = This page cannot be opened that way
error-method-next = Please start again from sign-in rather than reloading or bookmarking a form.
error-flow_expired = This sign-in has ended
error-flow_expired-next = It was left for too long, or was finished elsewhere. Please start again from sign-in; what you saved is kept.
error-too_large = That was too much data
error-too_large-next = Please start again from sign-in.
error-wrong_host = Wrong address
error-wrong_host-next = The address in your browser is not that of this university’s sign-in. Start again from the university’s website, and do not enter your password at this address.
error-too_many = Too many requests
error-too_many-next = To protect accounts, please wait a moment.
error-internal = Something went wrong on our side
error-internal-next = It was nothing you did. Please try again later; if it happens again, give the number below to { $desk }.
error-busy = The system is busy
error-busy-next = Too many people are signing in, and the waiting line is full for now. Your account is not affected.

### Notices

notice-wrong_password = Account number or password is wrong. First time here? Use your initial password. Forgot it? Contact { $desk }.
notice-wrong_captcha = Those were not the characters in the picture, or it was too old. Please enter the new ones.
notice-captcha_wanted = To protect the account, please also enter the characters in the picture.
notice-slowed = Too many attempts. Please try again after { $until }, or lift the limit with your bound phone.
notice-second_channel = Too many failed sign-ins today, so passwords are not accepted for now. Please lift the limit with your bound phone; if you have not bound one, contact { $desk }.
notice-missing = Something is still empty. Please fill it in.
notice-wrong_code = That code is not right. Please compare it with the text message and enter it again.
notice-dead_code = That code no longer works. Please ask for another one.
notice-code_limit = Too many codes were asked for. Please try again later; if it is urgent, contact { $desk }.
notice-code_undelivered = The text message could not be delivered. Please check your reception and message filter, then ask for another; if nothing arrives, contact { $desk }.
notice-bad_phone = That phone number cannot be read. Please check it; numbers outside mainland China start with + and the country or region code.
notice-phone_taken = That phone number is bound to another account. Please use a different one; if the other account is yours too, contact { $desk }.
notice-wrong_user_code = No device is waiting with this code. Please compare it with your device; if it took more than 10 minutes, let the device show a new one.
notice-user_code_limit = Too many codes were wrong. Please try again in an hour; if it was not you, contact { $desk }.
notice-wrong_activation_code = That activation code is not right. Please check it and enter it again; if you have none, contact { $desk }.
notice-notice_unaccepted = Please read the notice and tick the box to continue.
notice-bad_password = That password cannot be used. Please choose another:
notice-switched_account = You have been signed out. Please sign in with the other account.
notice-restarted = Activation has started over. Please prove your identity again.

### Why a password is refused

fault-too_short = It is too short: at least { $least } characters are needed
fault-too_long = It is too long: at most { $most } characters are possible
fault-differs = The two entries are not the same
fault-bad_character = It has a control character in it that cannot be typed
fault-too_weak = It is too easy to guess: make it longer, or add unrelated words
fault-common = It is one of the well-known passwords
fault-personal = It contains part of your name, account number, phone number or ID number
fault-reused = It was used before, or it is the initial password

### Help

help-lead = Answers to common questions. If yours is missing, ask the service desk.
help-desk = Service desk
help-first = How do I sign in for the first time?
help-first-answer = Enter your account number and initial password on the sign-in page, then follow four steps: prove your identity, read the privacy notice, choose a password, bind your phone. Finish with “I’m done”. If you leave half-way, the next sign-in continues where you stopped.
help-initial = I have no initial password, or it does not work
help-initial-answer = The university sets the initial password, usually from the last digits of your ID number; a final X may be upper or lower case. Without one, activate your account with the phone number on record or an activation code.
help-forgotten = I forgot my password
help-forgotten-answer = Please bring your campus card or a valid ID and contact { $desk } to have it reset. Staff never ask for your password or codes.
help-code = The text message does not arrive
help-code-answer = Check the number, your reception and your message filter, then ask for another after 60 seconds. The number of messages a day is limited. If nothing arrives, contact { $desk }.
help-captcha = I cannot read the picture
help-captcha-answer = Choose “Show another picture”, or “Listen instead” to hear the characters.
help-phone = I have a new phone number
help-phone-answer = While the old number still receives messages, use it to prove your identity and then bind the new one. If it is no longer in use, contact { $desk }.
help-several = I have several account numbers. Which one do I use?
help-several-answer = You get a new number when you begin another degree or a job here. They all belong to you: use any one that is still valid, with the same password.
help-shared = What should I mind on a shared computer?
help-shared-answer = Do not let the browser remember your password. When you are done, sign out and close the browser.
help-wechat = It does not open in WeChat or WeCom
help-wechat-answer = Open the menu at the top right and choose “Open in browser”. If you see somebody else’s account, choose “Switch account” on the page after sign-in.

### Old browsers

old-browser = Your browser is too old
old-browser-lead = It cannot show the sign-in page safely. Please open the link again in one of these browsers.
old-browser-which = What you can use
old-browser-edge = Microsoft Edge (comes with Windows 10 and later)
old-browser-chrome = Google Chrome 90 or later
old-browser-firefox = Mozilla Firefox 90 or later
old-browser-mode = In 360, QQ or Sogou browsers, switch to the “speed mode” (极速模式)
old-browser-mobile = The browser of your phone, or WeChat
old-browser-desk = If you cannot use another browser, contact { $desk }.

### Demo messages

inbox = Demo messages
inbox-lead = The demo sends no real text messages; what it would send is shown here.
inbox-to = Phone number
inbox-show = Show
inbox-empty = No messages yet. Ask for a code, then reload this page.

### The service hall

hall = Service Hall
hall-welcome = Every campus service, one door
hall-hello = Hello, { $name }
hall-guest = Look around without signing in; sign in when you start something.
hall-lead = What would you like to do today?
hall-account = My account
hall-sign-out-hint = Signs you out of every system
hall-search = Search applications
hall-search-go = Search
hall-search-title = Search for “{ $search }”
hall-search-all = Show all
hall-found = “{ $search }”: { $count ->
    [one] 1 application
   *[other] { $count } applications
}
hall-launcher = Applications
hall-categories = Browse by category
hall-uncategorised = More
hall-none = No applications are listed yet.
hall-none-found = Nothing found. Try another word.
hall-unloaded = The applications cannot be shown right now. They will be back by themselves; please reload in a moment.
hall-said-signed_out = You are signed out, and your other systems are being signed out too.
hall-said-signed_out_here = You are signed out of the hall, but campus sign-in could not be reached: other systems may still be signed in. Please close your browser.
hall-said-away = Campus sign-in cannot be reached, so nobody can sign in right now. You can look around; please try again later, and if it does not get better, contact { $desk }.
hall-home = Back to the hall
hall-again = Sign in again
hall-refused-expired = This sign-in is no longer valid
hall-refused-expired-next = It took too long, was used already, or began in another browser. Please sign in again; if that does not help, check whether your browser blocks cookies, or contact { $desk }.
hall-refused-denied = You are not signed in to the hall
hall-refused-denied-next = You cancelled, or your account may not use the hall. You can go on looking around; if you have questions, contact { $desk }.
hall-refused-required = Something has to be finished first
hall-refused-required-next = Campus sign-in needs you to sign in or confirm something first. Please sign in again; if that does not help, contact { $desk }.
hall-refused-ended = You were signed out elsewhere
hall-refused-ended-next = While you were signing in, you were signed out. Please sign in again; if it was not you who signed out, contact { $desk }.
hall-refused-away = You cannot sign in right now
hall-refused-away-next = Campus sign-in does not answer. It was nothing you did. Please try again later; if that does not help, contact { $desk }.
hall-refused-misconfigured = You cannot sign in right now
hall-refused-misconfigured-next = The hall and campus sign-in are not set up to work together. It was nothing you did. Please give the number below to { $desk }.
hall-refused-untrusted = The sign-in could not be confirmed
hall-refused-untrusted-next = What came back did not pass the security checks, so you were not signed in. Please sign in again; if it happens again, give the number below to { $desk }.
hall-error-bad_request-next = The link may be incomplete. Please start again from the hall; if that does not help, contact { $desk }.
hall-error-forgery-next = It was open for too long, or your browser blocks cookies. Please go back to the hall and try again; if that does not help, contact { $desk }.
hall-error-not_found-next = Please check the address, or start again from the hall.
hall-error-method-next = Please start again from the hall rather than reloading or bookmarking a form.
hall-error-too_large-next = Please start again from the hall.
hall-error-wrong_host-next = The address in your browser is not that of this university’s hall. Start again from the university’s website.
hall-error-too_many-next = There were too many requests from your network. Your account is not affected.
hall-error-internal-next = It was nothing you did. Please try again later; if it happens again, give the number below to { $desk }.
hall-error-busy-next = The hall cannot answer right now. Your account is not affected.
hall-role-student = Student
hall-role-staff = Staff
hall-role-faculty = Faculty
hall-role-employee = Employee
hall-role-member = Member of the university
hall-role-affiliate = Affiliate
hall-role-alum = Alum
hall-role-library-walk-in = Library visitor
