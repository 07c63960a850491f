//! What an attacker does over and over, and how the answers are compared.

use super::{Campus, Reply, SERVICE, Visitor, login};

/// A number of the demonstration's campus, and one that nobody has.
pub const STUDENT: &str = "20230002";
pub const NOBODY: &str = "20239999";
pub const STUDENTS_PASSWORD: &str = "Campus-2026-demo";
pub const STUDENTS_PHONE: &str = "+8613800000002";
pub const WRONG: &str = "wrong-lantern-58-river";

impl Visitor {
    /// Tries a password as a robot does: a fresh page, and no captcha.
    pub async fn guess(&mut self, number: &str, password: &str) -> Reply {
        let page = self.sign_in_page(SERVICE).await;
        let fields = [
            ("username", number),
            ("password", password),
            ("captcha_id", ""),
            ("captcha", ""),
        ];
        let reply = self.submit(&page, &fields).await;
        self.leave_the_queue(reply).await
    }

    /// Tries a password with a captcha that somebody solved.
    pub async fn guess_solved(&mut self, campus: &Campus, number: &str, password: &str) -> Reply {
        let (id, answer) = self.solved_captcha(campus).await;
        self.guess_with(number, password, &id, &answer).await
    }

    /// Tries a password with this captcha.
    pub async fn guess_with(
        &mut self,
        number: &str,
        password: &str,
        id: &str,
        answer: &str,
    ) -> Reply {
        let page = self.sign_in_page(SERVICE).await;
        let fields = [
            ("username", number),
            ("password", password),
            ("captcha_id", id),
            ("captcha", answer),
        ];
        let reply = self.submit(&page, &fields).await;
        self.leave_the_queue(reply).await
    }

    /// A captcha of the sign-in page, with its answer.
    pub async fn solved_captcha(&mut self, campus: &Campus) -> (String, String) {
        let page = self.get(&format!("{}&captcha=new", login(SERVICE))).await;
        let id = page.captcha_id().expect("a captcha on the page");
        let answer = campus.solve(&id);
        (id, answer)
    }

    /// Fills in a form with its captcha solved.
    pub async fn submit_solved(
        &mut self,
        campus: &Campus,
        page: &Reply,
        fields: &[(&str, &str)],
    ) -> Reply {
        let answer = campus.solve(&page.captcha_id().expect("a captcha on the page"));
        let mut all = fields.to_vec();
        all.push(("captcha", &answer));
        self.submit(page, &all).await
    }

    /// Asks at `/signin/activation` or `/signin/unlock` for a code to the phone of a number.
    pub async fn ask_code(&mut self, campus: &Campus, path: &str, number: &str) -> Reply {
        let page = self.get(path).await;
        let fields = [("username", number), ("method", "sms"), ("intent", "send")];
        self.submit_solved(campus, &page, &fields).await
    }

    /// Enters a code on the page that asks for one.
    pub async fn enter(&mut self, page: &Reply, code: &str) -> Reply {
        self.submit(page, &[("intent", "verify"), ("code", code)])
            .await
    }

    /// Walks the wizard until it shows this page.
    pub async fn walk_to(
        &mut self,
        campus: &Campus,
        first: Reply,
        phone: &str,
        password: &str,
        stop: &str,
    ) -> Reply {
        let mut page = self.follow(first).await;
        for _ in 0..12 {
            if page.page() == stop {
                return page;
            }
            let reply = match page.page().as_str() {
                "evidence" | "bind_phone" if page.body().contains("name=\"code\"") => {
                    let code = campus.code_for(phone).await;
                    self.enter(&page, &code).await
                }
                "evidence" => self.submit(&page, &[("intent", "send")]).await,
                "privacy_notice" => self.submit(&page, &[("accept", "yes")]).await,
                "new_password" => {
                    let fields = [("password", password), ("password_again", password)];
                    self.submit(&page, &fields).await
                }
                "bind_phone" => {
                    campus.advance(jiff::SignedDuration::from_secs(61));
                    let fields = [("intent", "send"), ("phone", phone)];
                    self.submit(&page, &fields).await
                }
                other => panic!("a page {other:?} on the way to {stop:?}: {}", page.body()),
            };
            page = self.follow(reply).await;
        }
        panic!("the wizard never shows {stop:?}")
    }
}

impl Reply {
    /// Everything that a stranger can see of an answer, with what differs by chance (and the
    /// number that was typed) put aside: two masked answers are equal or tell something.
    pub fn masked(&self, number: &str) -> String {
        let mut body = self.body();
        for (name, value) in self.hidden() {
            if name == "csrf" || name == "captcha_id" {
                body = body.replace(&value, &format!("[{name}]"));
            }
        }
        // The captcha of a second form, such as the one for another code.
        while let Some(at) = body.find("/signin/captcha/") {
            let end = body[at..].find(['"', '?']).map_or(body.len(), |n| at + n);
            body.replace_range(at..end, "[captcha]");
        }
        body = mask_values(&body, "captcha_id");
        body = body.replace(&format!("value=\"{number}\""), "value=\"[number]\"");
        let mut headers: Vec<String> = self
            .headers
            .iter()
            // The length is the body's, which is compared itself.
            .filter(|(name, _)| {
                !["x-request-id", "set-cookie", "content-length"].contains(&name.as_str())
            })
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.extend(self.cookies().iter().map(|cookie| {
            let (name, rest) = cookie.split_once('=').unwrap();
            let flags = rest.split_once(';').map_or("", |(_, flags)| flags);
            format!("set-cookie: {name}=…;{flags}")
        }));
        headers.sort();
        format!("{}\n{}\n\n{body}", self.status, headers.join("\n"))
    }
}

/// How a database shows the bytes of a text.
pub fn hex(text: &str) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?');
    text.bytes()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect::<String>()
        .to_uppercase()
}

/// Hides the value of every hidden field of this name.
fn mask_values(body: &str, name: &str) -> String {
    let needle = format!("name=\"{name}\" value=\"");
    let mut parts = body.split(needle.as_str());
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once('"').map_or("", |(_, rest)| rest);
        masked.extend([needle.as_str(), "…\"", rest]);
    }
    masked
}
