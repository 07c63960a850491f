//! The looks of Yimen: templates, locales, styles and scripts, with a school's folder laid over
//! the default one file by file.

pub mod pages;
