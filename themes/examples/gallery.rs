//! Every page in every look, as files for a browser: `cargo run -p themes --example gallery --
//! FOLDER [SCHOOL_FOLDER]`, then open `FOLDER/index.html`.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use themes::{Frame, Locale, Names, ThemeOptions, Themes, every_sample};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let folder = arguments.next().map(PathBuf::from);
    let folder = folder.ok_or("usage: gallery FOLDER [SCHOOL_FOLDER]")?;
    let themes = Themes::load(&ThemeOptions {
        overlay: arguments.next().map(PathBuf::from),
        school: Names {
            zh_cn: "示例大学".into(),
            en: "Example University".into(),
        },
        desk: Names {
            zh_cn: "信息中心服务台（行政楼 101，电话 0571-0000 0000）".into(),
            en: "the IT service desk (Administration Building 101, phone 0571-0000 0000)".into(),
        },
        default_locale: Locale::ZhCn,
    })?;
    let mut index = String::from("<!doctype html><meta charset=utf-8><title>Gallery</title><ul>");
    for locale in Locale::ALL {
        let mut frame = Frame::new(locale, "/help").with_links(|to| format!("?locale={to}"));
        for sample in every_sample() {
            frame.demo = sample.template == "inbox.html";
            let page = sample.template.trim_end_matches(".html");
            let name = format!("{page}--{}--{locale}.html", sample.name);
            let html = themes.render_sample(&frame, &sample)?;
            // Files have no server in front of them.
            let html = html.replace("\"/assets/", "\"assets/");
            // And these would be gone before anybody has looked at them.
            let html = html
                .replace(" data-post>", ">")
                .replace(" data-onward=", " data-later=")
                .replace(" data-turn=", " data-later=");
            let path = folder.join(&name);
            fs::create_dir_all(&folder)?;
            fs::write(path, html)?;
            write!(index, "<li><a href='{name}'>{name}</a></li>")?;
        }
    }
    for name in themes.asset_names() {
        let href = themes.asset_href(name).unwrap_or_default();
        let path = folder.join(href.trim_start_matches('/'));
        if let (Some(parent), Some(asset)) = (path.parent(), themes.asset(name)) {
            fs::create_dir_all(parent)?;
            fs::write(path, asset.bytes)?;
        }
    }
    fs::write(folder.join("index.html"), index)?;
    Ok(())
}
