//! Which reports are written, in which form and where to.

use std::path::{Path, PathBuf};

use cli::Sink;

use super::{html, json, junit, markdown, prometheus};
use crate::verdict::Run;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    Markdown,
    Junit,
    Prometheus,
}

/// A file for a report, in the form that its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    form: Form,
    path: PathBuf,
}

impl ReportFile {
    /// Takes the name of a file.
    ///
    /// # Errors
    /// When its ending says no form.
    pub fn parse(path: &str) -> Result<ReportFile, String> {
        let path = PathBuf::from(path);
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let form = match ending.as_str() {
            "json" => Form::Json,
            "html" | "htm" => Form::Html,
            "md" | "markdown" => Form::Markdown,
            "xml" => Form::Junit,
            "prom" => Form::Prometheus,
            _ => return Err("its name says no form, which are: .json .html .md .xml .prom".to_owned()),
        };
        Ok(ReportFile { form, path })
    }
}

/// The files that reports go to, opened.
pub struct Targets(Vec<(Form, Sink)>);

impl Targets {
    /// Opens the files, before the work whose outcome they tell.
    ///
    /// # Errors
    /// When one cannot be written, or is named twice.
    pub fn open(files: &[ReportFile]) -> anyhow::Result<Targets> {
        let sinks = cli::open_all(files.iter().map(|file| Path::new(&file.path)))?;
        Ok(Targets(files.iter().map(|file| file.form).zip(sinks).collect()))
    }

    /// Writes the reports, and puts each where it belongs once all are written.
    ///
    /// # Errors
    /// When one cannot be written; files then stay as they were.
    pub fn write(mut self, run: &Run) -> anyhow::Result<()> {
        for (form, sink) in &mut self.0 {
            sink.write(|out| match form {
                Form::Json => writeln!(out, "{:#}", json::to_json(run)),
                Form::Html => html::write(run, out),
                Form::Markdown => markdown::write(run, out),
                Form::Junit => junit::write(run, out),
                Form::Prometheus => prometheus::write(run, out),
            })?;
        }
        self.0.into_iter().try_for_each(|(_, sink)| sink.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_form() {
        assert_eq!(ReportFile::parse("a/b.HTML").map(|file| file.form), Ok(Form::Html));
        assert_eq!(ReportFile::parse("x.prom").map(|file| file.form), Ok(Form::Prometheus));
        assert!(ReportFile::parse("json").is_err() && ReportFile::parse("x.txt").is_err());
    }
}
