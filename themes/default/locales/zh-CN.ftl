# 简体中文。每条文字的名称与 en.ftl 一一对应；学校可在自己的 locales/zh-CN.ftl 中只写要改的几条。

### 页面四周

service = 统一身份认证
school-unnamed = 学校
desk-unnamed = 学校信息化部门服务台
skip = 跳到主要内容
tools = 语言与帮助
help = 在线帮助
foot-desk = 需要帮助？{ $desk }
demo = 这是演示环境，人员均为虚构。
demo-inbox = 查看演示短信
title-error = 请检查：
motto = 一次登录，通行校园

### 登录

sign-in = 登录
sign-in-to = 登录后将前往“{ $application }”
sign-in-lead = 使用学工号登录校内各项服务
sign-in-again = 重新登录
to-sign-in = 前往登录页
back-to-sign-in = 返回登录页
number = 学工号
number-hint = 学号、工号或工资号
password = 密码
password-show = 显示密码
password-hide = 隐藏密码
initial-password-hint = 首次登录请使用初始密码
warn = 转到其他应用前先询问我
remember = { $days } 天内保持登录（请勿在公用电脑上勾选）
resume = 您的首次登录还没有完成。
resume-link = 继续完成首次登录
activation-link = 首次登录，激活账号
activation-link-hint = 没有初始密码，用短信验证码或激活码
unlock-link = 用手机验证码解除限制
unlock-link-hint = 多次登录失败后，不必等待
next = 下一步

### 图形验证码

captcha = 图形验证码
captcha-alt = 图形验证码，图中是需要输入的字符；看不清时可以换一张，或改听语音验证码
captcha-hint = 请输入图中或语音里的字符，不区分大小写
captcha-other = 看不清，换一张
captcha-listen = 改听语音验证码
captcha-audio = 语音验证码

### 短信验证码

code = 验证码
code-get = 获取验证码
code-again = 重新获取
code-again-in = 重新获取（{ $seconds } 秒）
code-again-captcha = 没有收到？重新获取验证码
code-hint = 短信中的 6 位数字，{ $minutes } 分钟内有效。
code-wait = { $seconds } 秒后可以重新获取。
code-sent = 验证码已发送，请查看手机短信。
code-sent-to = 验证码已发送至 { $masked }，请查看手机短信。
verify = 验证

### 排队

queue-place = 前面还有 { $place } 人
queue-next = 马上轮到您
queue-lead = 现在登录的人较多，系统正在按先后顺序处理。您不需要重新输入，轮到后会自动进入。
queue-refresh = 页面每 { $seconds } 秒自动刷新一次，请不要关闭。
queue-link = 立即刷新

### 激活账号与解除限制

activation = 首次登录，激活账号
activation-lead = 没有初始密码，或初始密码无法使用时，从这里开始。先填写学工号，再选择一种核验方式。
activation-sent = 如果学校登记了您的手机号，验证码已经发出，请查看手机短信。
activation-code-only = 选择“激活码”时填写
activation-method = 核验方式
method-sms = 短信验证码
method-sms-hint = 发送到学校登记的手机号
method-code = 激活码
method-code-hint = 学校发放的激活码，或录取通知书编号
unlock = 解除登录限制
unlock-lead = 通过已绑定的手机号核验后，即可在这台设备上继续登录。
unlock-sent = 如果该账号绑定了手机号，验证码已经发出，请查看手机短信。

### 首次登录：步骤

steps = 首次登录的步骤
step-evidence = 身份核验
step-notice = 隐私告知
step-password = 设置密码
step-phone = 绑定手机
step-done = 完成
step-is-done = （已完成）

### 首次登录：身份核验

evidence = 身份核验
evidence-hello = { $name }，您好！
evidence-phone = 为确认是您本人，我们将向手机号 { $phone } 发送验证码。
evidence-enter = 请输入验证码，确认账号属于您本人。
evidence-registered = 学校登记的手机号
evidence-activation = 为确认是您本人，请输入学校发给您的激活码。
evidence-activation-instead = 手机收不到短信？改用激活码
evidence-activation-verify = 用激活码验证
activation-code = 激活码
activation-code-hint = 见学校发放的激活通知；也可以使用录取通知书编号
evidence-not-mine = 手机号不是您的，或已经停用？请联系{ $desk }。
evidence-desk = 学校没有登记您的手机号，也没有为您发放激活码，因此无法在线核验身份。请携带有效证件联系{ $desk }。

### 首次登录：隐私告知

privacy = 个人信息处理告知书
privacy-lead = 请阅读以下内容，同意后继续。
privacy-version = 版本 { $version }
privacy-accept = 我已阅读并同意《个人信息处理告知书》，包括其中对敏感个人信息的处理
privacy-submit = 同意并继续
privacy-refuse = 如果您不同意，账号暂时无法在线激活。请联系{ $desk }，了解其他办理方式。

### 首次登录：设置密码

new-password = 修改密码
new-password-first = 设置密码
new-password-lead = 您的密码需要更新。设置新密码后继续。
new-password-lead-first = 初始密码不能继续使用，请为账号设置一个新密码。
new-password-label = 新密码
new-password-again = 再次输入新密码
new-password-hint = { $least } 至 { $most } 个字符，可以使用中文和空格。几个互不相关的词连在一起，好记又难猜；不要包含姓名、学工号、手机号或证件号。
new-password-submit = 保存密码，下一步
strength-labels = 太短|太弱，容易被猜中|较弱，再加长一些|良好|很强

### 首次登录：绑定手机

bind-phone = 绑定手机
bind-phone-lead = 手机号用于接收验证码、保护账号和提醒异常登录。
bind-phone-proved = 刚才核验的手机号
bind-phone-keep = 绑定这个手机号
bind-phone-other = 或绑定其他手机号
bind-phone-submit = 确定绑定
bind-phone-change = 更换手机号
phone = 手机号
phone-hint = 中国内地手机号直接填写；其他地区请以 + 和国家或地区代码开头

### 首次登录：完成

done = { $name }，账号已激活
done-lead = 以后请用学工号和新密码登录。
done-password = 新密码已生效，初始密码已作废
done-phone = 已绑定手机 { $phone }
done-submit = 我已完成
done-submit-to = 我已完成，前往“{ $application }”

### 已登录、退出、切换账号

signed-in = { $name }，您已登录
signed-in-lead = 打开校内应用时，不需要再次输入密码。
signed-in-since = 登录时间
signed-in-until = 有效期至
sign-out = 退出登录
shared-computer = 在公用电脑上使用完毕后，请退出登录并关闭浏览器。
sign-out-ask = 退出登录？
sign-out-asked-by = “{ $application }”请求退出统一身份认证。
sign-out-asked = 您即将退出统一身份认证。
sign-out-confirm = 退出登录
sign-out-stay = 保持登录
sign-out-hint = 退出后，您在此浏览器中登录的其他应用也会随之退出。如果这不是您自己的操作，请选择“保持登录”。
signed-out = 已退出登录
signed-out-lead = 您已退出统一身份认证。在公用电脑上，请再关闭所有浏览器窗口。
signed-out-nobody = 当前没有登录
signed-out-nobody-lead = 此浏览器中没有已登录的账号。
signed-out-of = 已退出 { $count }{"\u00A0"}个系统
signed-out-told = { $delivered ->
    [0] ，{ $count }{"\u00A0"}个系统已通知（未确认）
   *[other] ，{ $count }{"\u00A0"}个已通知（未确认）
}
signed-out-waiting = { $delivered ->
    [0] ，正在退出 { $count }{"\u00A0"}个系统
   *[other] ，{ $count }{"\u00A0"}个正在退出
}
signed-out-retrying = { $delivered ->
    [0] ，{ $count }{"\u00A0"}个系统仍在重试
   *[other] ，{ $count }{"\u00A0"}个仍在重试
}
signed-out-failed = { $delivered ->
    [0] ，{ $count }{"\u00A0"}个系统未能退出
   *[other] ，{ $count }{"\u00A0"}个未能退出
}
signed-out-onward = 即将返回“{ $application }”。
signed-out-onward-link = 返回“{ $application }”
ledger = 各系统的退出情况
ledger-delivered = 已退出
ledger-told = 已通知，未确认
ledger-waiting = 正在退出
ledger-retrying = 仍在重试
ledger-failed = 未能退出
ledger-shown = 已由浏览器通知
ledger-advice = 有 { $count } 个系统没有确认退出。请在该系统里手动退出，或关闭浏览器。
ledger-moving = 我们会继续通知尚未退出的系统，您不必等待。
ledger-until = { $until } 前可以在此查看最新情况。
ledger-again = 刷新
front-channel = 通知“{ $application }”退出登录
switch = 切换账号
switch-lead = 当前登录的是 { $name }（{ $number }）。切换账号将先退出该账号，再登录另一个账号。
switch-submit = 退出并切换账号
switch-back = 不切换，继续以{ $name }的身份使用

### 进入应用

signed-in-as = 当前登录身份
person = { $name }（{ $number }）
cancel = 取消
enter = 进入“{ $application }”？
enter-lead = 您选择了转到其他应用前先询问。同意后，该应用将得知您的身份。
enter-origin = 应用网址
enter-submit = 继续进入
enter-hint = 如果这不是您自己打开的链接，请取消。
choose-number = 选择学工号
choose-number-lead = { $name }，您有 { $count } 个学工号可以进入“{ $application }”，请选择一个。
choose-number-label = 您的学工号
choose-number-hint = 以后进入此应用都用这个学工号。
choose-number-submit = 进入“{ $application }”
choose-number-missing = 请先选择一个学工号。
role-student = 学生
role-staff = 职工
role-faculty = 教师
role-employee = 教职工
role-member = 在校师生
role-affiliate = 合作人员
role-alum = 校友
role-library-walk-in = 到馆读者
select-account = 选择账号
select-account-lead = “{ $application }”需要您确认使用哪个账号。
select-account-submit = 以 { $name }（{ $number }）继续
select-account-other = 使用其他账号
consent = 允许“{ $application }”获取您的信息？
consent-lead = “{ $application }”申请从学校获取您的以下信息：
consent-nothing = “{ $application }”申请识别您的身份，不会得到您的其他信息。
consent-allow = 允许
consent-deny = 不允许
consent-hint = 您可以随时在“我的账号”中撤回。
device = 连接设备
device-lead = 请输入设备上显示的代码，下一步会说明它申请什么。
device-check = 设备上显示的是这个代码吗？一致再继续，下一步会说明它申请什么。
device-code = 设备上的代码
device-code-hint = 共 8 个字母，不区分大小写，可以不输入短横线。
device-warning = 请确认设备就在您面前，而且是您本人发起的操作。如果代码是别人发给您的，请关闭本页面。
device-allowed = 设备已连接
device-allowed-lead = “{ $application }”会在您的设备上自动继续，现在可以关闭本页面。
device-denied = 没有连接设备
device-denied-lead = “{ $application }”不会得到您账号的访问权限，现在可以关闭本页面。
consent-hint-once = 该应用每次都会询问您。
learns-name = 姓名
learns-number = 学工号
learns-numbers = 全部学工号及其身份、有效期
learns-affiliation = 在校身份
learns-org = 所属单位
learns-groups = 所在群组
learns-email = 电子邮箱
learns-phone = 手机号码
learns-address = 通信地址
learns-offline = 您不在线时也保持访问
learns-scope = 访问应用的一部分：
learns-more = {" "}等，另有 { $count } 项
list-and = 、
account = 我的账号
account-back = 返回我的账号
consents = 已授权的应用
consents-lead = 这些应用可以了解您的部分信息，或在您不在场时保有访问权。
consents-none = 没有应用在您不在场时保有访问权，您也没有允许过任何应用了解您的信息。学校自己的应用若只在您使用时了解您，不列在这里。
consents-since = 授权时间：{ $since }。
consents-campus = 由学校登记，没有另行询问您。
consents-access = 您不在场时的访问权
consents-offline = 自 { $since } 起可在您不在场时访问，最近使用于 { $used }，最晚到 { $until } 结束。
consents-end = 结束访问
consents-end-of = 结束访问：{ $application }
consents-reused = 我们已于 { $at } 结束了“{ $application }”的访问权：它的密钥被使用了两次，说明可能已被他人复制。要继续使用，请在该应用重新登录。如果您觉得可疑，请告诉{ $desk }。
consents-gone = 该应用已不再登记。
consents-revoke = 撤回授权
consents-revoke-of = 撤回授权：{ $application }
consents-withdrawn = 已撤回，该应用不能再访问。
consents-hint = 应用已经取得的信息可能仍在应用中，如需删除请联系应用的管理部门。
handing-over = 正在进入“{ $application }”
handing-over-lead = 如果页面没有自动跳转，请点下面的按钮。
handing-over-submit = 继续

### 拒绝与出错

refused = 该应用尚未接入
refused-lead = 您打开的链接指向一个没有在本校登记的应用。为保护您的账号，登录没有继续。
refused-next = 请从学校网站或一网通办重新进入该应用。如果仍看到此页，请把下面的编号告诉{ $desk }。
refused-client = 登录无法继续
refused-client-lead = 应用发来的登录请求与学校登记的不一致。为保护您的账号，登录没有继续。
refused-client-spent-lead = 这次登录已经完成，或者页面打开的时间太长了。
refused-client-next = 请从应用自己的页面重新进入。如果仍看到此页，请把下面的原因和编号告诉{ $desk }。
refused-client-reason = 原因
no-access = 无权使用“{ $application }”
no-access-disabled = “{ $application }”暂时对所有人都不开放。何时恢复，请咨询管理部门。
no-access-not_yet = “{ $application }”将于 { $date }起开放，请到时再来。
no-access-over = “{ $application }”自 { $date }起不再开放。
no-access-times = “{ $application }”现在不开放，请在开放时间再来。
no-access-state = 您已登录，但您的账号目前的状态不能使用该应用，例如已毕业、休学或离职。
no-access-affiliation = 您已登录，但该应用没有对您的身份开放。
no-access-org_unit = 您已登录，但该应用没有对您所在的单位开放。
no-access-group = 您已登录，但该应用只对指定的人员开放，您不在名单中。
no-access-number = 您已登录，但您没有可以用于该应用的有效学工号。
no-access-number-student = 您已登录，但该应用需要学号，您没有有效的学号。
no-access-number-staff = 您已登录，但该应用需要工号，您没有有效的工号。
no-access-for = 该应用面向：
no-access-hours = 开放时间：
no-access-next = 如果您还有另一个身份的账号，可以切换账号再试。如果您认为自己应当有权使用，请按上面的方式咨询。
ask = 咨询
closed-disabled = 该应用已暂停使用
closed-not_yet = 该应用尚未开放
closed-over = 该应用已停止开放
closed-times = 现在不在开放时间
date = { $year } 年 { $month } 月 { $day } 日
days-every = 每天
days-and = 、
days-span = { $from }至{ $to }
day-mon = 周一
day-tue = 周二
day-wed = 周三
day-thu = 周四
day-fri = 周五
day-sat = 周六
day-sun = 周日
hours = { $from }–{ $to }
hours-overnight = { $from }–次日 { $to }
affiliation-student = 学生
affiliation-staff = 职工
affiliation-faculty = 教师
affiliation-employee = 教职工
affiliation-member = 在校师生
affiliation-affiliate = 合作人员
affiliation-alum = 校友
affiliation-library-walk-in = 到馆读者
request-id = 问题编号
error-retry = 请在约 { $seconds } 秒后重试。
error-bad_request = 无法识别该请求
error-bad_request-next = 链接可能不完整。请从学校网站重新进入；如仍有问题，请联系{ $desk }。
error-forgery = 页面已过期
error-forgery-next = 页面打开时间过长，或浏览器禁用了 Cookie。请返回登录页重试；如仍有问题，请联系{ $desk }。
error-not_found = 页面不存在
error-not_found-next = 请检查地址是否正确，或从登录页重新进入。
error-method = 无法这样打开此页面
error-method-next = 请从登录页重新进入，不要直接刷新或收藏表单页面。
error-flow_expired = 本次登录已失效
error-flow_expired-next = 登录步骤停留过久，或已在别处完成。请从登录页重新开始，已保存的内容不会丢失。
error-too_large = 提交的内容过大
error-too_large-next = 请从登录页重新进入后再试。
error-wrong_host = 访问地址不正确
error-wrong_host-next = 您使用的网址不是本校统一身份认证的地址。请从学校网站重新进入，不要在当前地址输入密码。
error-too_many = 操作过于频繁
error-too_many-next = 为保护账号，请稍候再试。
error-internal = 系统暂时出现问题
error-internal-next = 这不是您的操作造成的。请稍后重试；如仍有问题，请把下面的编号告诉{ $desk }。
error-busy = 系统繁忙
error-busy-next = 现在登录的人太多，暂时无法排队。您的账号不受影响。

### 提示

notice-wrong_password = 学工号或密码不正确，请检查后重试。首次登录请使用初始密码；忘记密码请联系{ $desk }。
notice-wrong_captcha = 图形验证码不正确或已过期，请输入新的验证码。
notice-captcha_wanted = 为保护账号，请输入图形验证码后再登录。
notice-slowed = 尝试次数过多，请在 { $until } 之后再试，或用绑定的手机解除限制。
notice-second_channel = 今天登录失败次数过多，密码登录已暂停。请用绑定的手机解除限制；没有绑定手机，请联系{ $desk }。
notice-missing = 还有未填写的内容，请补充完整。
notice-wrong_code = 验证码不正确，请核对短信中的数字后重新输入。
notice-dead_code = 验证码已失效，请重新获取。
notice-code_limit = 获取验证码过于频繁，请稍后再试。如急需登录，请联系{ $desk }。
notice-code_undelivered = 短信未能送达。请确认手机信号正常、没有拦截短信后重新获取；如仍收不到，请联系{ $desk }。
notice-bad_phone = 手机号无法识别，请检查号码；内地以外的号码请以 + 和国家或地区代码开头。
notice-phone_taken = 该手机号已绑定其他账号。请换一个号码；如果那也是您的账号，请联系{ $desk }处理。
notice-wrong_user_code = 没有设备在等待这个代码。请与设备上显示的代码核对；如已超过 10 分钟，请让设备显示新的代码。
notice-user_code_limit = 输入错误的次数过多，请一小时后再试；如不是您本人操作，请联系{ $desk }。
notice-wrong_activation_code = 激活码不正确，请核对后重新输入；没有激活码，请联系{ $desk }。
notice-notice_unaccepted = 请阅读告知书并勾选同意后继续。
notice-bad_password = 该密码不能使用，请换一个：
notice-switched_account = 已退出原来的账号，请登录另一个账号。
notice-restarted = 激活已重新开始，请再次完成核验。

### 密码不能使用的原因

fault-too_short = 太短，至少需要 { $least } 个字符
fault-too_long = 太长，最多 { $most } 个字符
fault-differs = 两次输入的密码不一致
fault-bad_character = 含有无法输入的特殊控制字符
fault-too_weak = 太容易被猜中，请再加长一些，或加入不相关的词
fault-common = 是常见密码
fault-personal = 包含姓名、学工号、手机号或证件号中的内容
fault-reused = 以前用过，或与初始密码相同

### 在线帮助

help-lead = 常见问题在这里；没有找到答案，请联系服务台。
help-desk = 服务台
help-first = 第一次登录怎么做？
help-first-answer = 在登录页输入学工号和初始密码，按提示完成身份核验、阅读告知书、设置新密码、绑定手机四步，最后点“我已完成”。中途离开也没关系，下次登录会从未完成的一步继续。
help-initial = 没有初始密码，或者初始密码不对？
help-initial-answer = 初始密码由学校规定，通常与证件号后几位有关，证件号末位的 X 大小写均可。没有初始密码时，可以用学校登记的手机号或激活码激活账号。
help-forgotten = 忘记密码怎么办？
help-forgotten-answer = 请携带一卡通或有效证件，联系{ $desk }重置密码。工作人员不会向您索要密码或验证码。
help-code = 收不到短信验证码？
help-code-answer = 请确认号码正确、信号正常、短信没有被拦截，60 秒后重新获取。同一号码每天可获取的次数有限。仍收不到，请联系{ $desk }。
help-captcha = 看不清图形验证码？
help-captcha-answer = 点“看不清，换一张”更换图片，或点“改听语音验证码”收听朗读。
help-phone = 手机号换了怎么办？
help-phone-answer = 旧号码还能接收短信时，请先用它完成核验，再绑定新号码。旧号码已停用，请联系{ $desk }。
help-several = 我有几个学工号，用哪一个？
help-several-answer = 升学、留校或入职后会有新的学工号。它们属于同一个人，用任何一个仍有效的学工号和同一个密码登录即可。
help-shared = 在公用电脑上要注意什么？
help-shared-answer = 不要让浏览器记住密码，用完后退出登录并关闭浏览器。
help-wechat = 在微信或企业微信中打不开？
help-wechat-answer = 点右上角菜单，选择“在浏览器中打开”。如果显示的是别人的账号，请在登录后的页面点“切换账号”。

### 旧浏览器

old-browser = 浏览器版本过低
old-browser-lead = 您的浏览器无法安全地显示登录页面，请换用以下任一浏览器后重新打开链接。
old-browser-which = 可以使用
old-browser-edge = Microsoft Edge（Windows 10 及以上系统自带）
old-browser-chrome = 谷歌浏览器 Chrome 90 或更高版本
old-browser-firefox = 火狐浏览器 Firefox 90 或更高版本
old-browser-mode = 360、QQ、搜狗等浏览器请切换到“极速模式”
old-browser-mobile = 手机浏览器或微信
old-browser-desk = 无法更换浏览器，请联系{ $desk }。

### 演示短信

inbox = 演示短信
inbox-lead = 演示环境不会真正发送短信，发出的内容都在这里。
inbox-to = 手机号
inbox-show = 查看
inbox-empty = 还没有短信。获取验证码后，请刷新此页。

### 办事大厅

hall = 网上办事大厅
hall-welcome = 校园服务，一站直达
hall-hello = { $name }，您好
hall-guest = 无需登录即可浏览；办理业务时再登录。
hall-lead = 今天要办什么事？
hall-account = 账号管理
hall-sign-out-hint = 同时退出所有已登录的系统
hall-search = 搜索应用与服务
hall-search-go = 搜索
hall-search-title = 搜索“{ $search }”
hall-search-all = 查看全部
hall-found = “{ $search }”：找到 { $count } 项
hall-launcher = 业务直通车
hall-categories = 按类别浏览
hall-uncategorised = 其他
hall-none = 暂无可直达的应用。
hall-none-found = 没有找到相关应用，请换个关键词试试。
hall-unloaded = 应用列表暂时无法显示，稍后会自动恢复，请稍候刷新页面。
hall-said-signed_out = 您已退出登录，其他已登录的系统也正在退出。
hall-said-signed_out_here = 您已退出办事大厅，但统一身份认证暂时无法连接，其他系统可能仍处于登录状态。请关闭浏览器。
hall-said-away = 统一身份认证暂时无法连接，现在不能登录。可以继续浏览，请稍后再试；如仍有问题，请联系{ $desk }。
hall-home = 返回首页
hall-again = 重新登录
hall-refused-expired = 本次登录已失效
hall-refused-expired-next = 登录用时过长、已经使用过，或是在另一个浏览器中开始的。请重新登录；如仍有问题，请检查浏览器是否禁用了 Cookie，或联系{ $desk }。
hall-refused-denied = 没有登录办事大厅
hall-refused-denied-next = 您取消了登录，或您的账号不能使用办事大厅。可以继续浏览；如有疑问，请联系{ $desk }。
hall-refused-required = 还需要先完成登录
hall-refused-required-next = 统一身份认证需要您先完成登录或确认。请重新登录；如仍有问题，请联系{ $desk }。
hall-refused-ended = 登录已在别处退出
hall-refused-ended-next = 登录过程中，您的登录状态已被退出。请重新登录；如不是您本人操作，请联系{ $desk }。
hall-refused-away = 暂时无法登录
hall-refused-away-next = 统一身份认证暂时没有响应，这不是您的操作造成的。请稍后重试；如仍有问题，请联系{ $desk }。
hall-refused-misconfigured = 暂时无法登录
hall-refused-misconfigured-next = 办事大厅与统一身份认证的对接设置有误，这不是您的操作造成的。请把下面的编号告诉{ $desk }。
hall-refused-untrusted = 无法确认登录结果
hall-refused-untrusted-next = 收到的登录结果无法通过安全校验，因此没有登录。请重新登录；如再次出现，请把下面的编号告诉{ $desk }。
hall-error-bad_request-next = 链接可能不完整，请从首页重新进入；如仍有问题，请联系{ $desk }。
hall-error-forgery-next = 页面打开时间过长，或浏览器禁用了 Cookie。请返回首页重试；如仍有问题，请联系{ $desk }。
hall-error-not_found-next = 请检查地址是否正确，或从首页重新进入。
hall-error-method-next = 请从首页重新进入，不要直接刷新或收藏表单页面。
hall-error-too_large-next = 请从首页重新进入后再试。
hall-error-wrong_host-next = 您使用的网址不是本校办事大厅的地址，请从学校网站重新进入。
hall-error-too_many-next = 来自您所在网络的访问过于频繁，您的账号不受影响。
hall-error-internal-next = 这不是您的操作造成的。请稍后重试；如仍有问题，请把下面的编号告诉{ $desk }。
hall-error-busy-next = 办事大厅暂时无法处理请求，您的账号不受影响。
hall-role-student = 学生
hall-role-staff = 职工
hall-role-faculty = 教师
hall-role-employee = 教职工
hall-role-member = 在校师生
hall-role-affiliate = 合作人员
hall-role-alum = 校友
hall-role-library-walk-in = 到馆读者
