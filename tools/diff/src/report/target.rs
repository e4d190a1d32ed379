//! Which reports are written, in which form and where to.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use cli::{ColorArgument, Sink};

use super::{Format, Report};

/// The arguments that say which reports are wanted.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Report")]
pub struct ReportArguments {
    /// The form of the report; by default that of the file's name, else text
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// Short for `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// Print the numbers of changes only, by kind of object
    #[arg(long, conflicts_with_all = ["format", "json"])]
    stat: bool,

    /// Write the report to a file, which stays as it was if there is trouble
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write one more report, in the form that the file's name says (.txt .json .md .html .diff .sarif .xml) or as
    /// FORMAT:FILE (may be given several times)
    #[arg(long = "report", value_name = "[FORMAT:]FILE", value_parser = further)]
    further: Vec<(Format, PathBuf)>,

    #[command(flatten)]
    color: ColorArgument,
}

impl ReportArguments {
    /// Says whether stdout gets text for people, in front of which a heading may stand.
    pub fn is_for_people(&self) -> bool {
        !self.is_json() && self.output.is_none() && matches!(self.format, None | Some(Format::Text))
    }

    /// Says whether JSON is wanted.
    pub fn is_json(&self) -> bool {
        self.json || self.format == Some(Format::Json)
    }

    /// Opens everything that is to be written, before the work whose outcome it is.
    ///
    /// # Errors
    /// When a file cannot be written, or is named twice.
    pub fn open(&self) -> anyhow::Result<Targets> {
        let form = match (self.format, self.json, &self.output) {
            (Some(format), ..) => format,
            (None, true, _) => Format::Json,
            (None, false, Some(path)) => by_ending(path).unwrap_or(Format::Text),
            (None, false, None) => Format::Text,
        };
        let content = if self.stat { Content::Stat } else { Content::Report(form) };
        let further = self.further.iter().map(|(format, path)| (Content::Report(*format), path));
        let main = self.output.iter().map(|path| (content, path));
        let (contents, paths): (Vec<Content>, Vec<&PathBuf>) = further.chain(main).unzip();
        let sinks = cli::open_all(paths.into_iter().map(PathBuf::as_path))?;
        let mut targets: Vec<Target> = contents
            .into_iter()
            .zip(sinks)
            .map(|(content, sink)| Target { content, colour: self.color.wanted() == Some(true), sink })
            .collect();
        for target in &mut targets[..self.further.len()] {
            target.colour = false;
        }
        if self.output.is_none() {
            // What goes into files first: a reader of stdout that went away takes no report with it.
            targets.push(Target { content, colour: self.color.on_stdout(), sink: Sink::stdout() });
        }
        Ok(Targets(targets))
    }
}

fn further(argument: &str) -> Result<(Format, PathBuf), String> {
    if let Some((word, path)) = argument.split_once(':')
        && let Ok(format) = Format::from_str(word, false)
        && !path.is_empty()
    {
        return Ok((format, path.into()));
    }
    let path = PathBuf::from(argument);
    match by_ending(&path) {
        Some(format) => Ok((format, path)),
        None => Err("its name says no form; write FORMAT:FILE".to_owned()),
    }
}

/// The form that a file's name says.
fn by_ending(path: &Path) -> Option<Format> {
    Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "txt" => Format::Text,
        "json" => Format::Json,
        "md" | "markdown" => Format::Markdown,
        "html" | "htm" => Format::Html,
        "diff" | "patch" => Format::Unified,
        "sarif" => Format::Sarif,
        "xml" => Format::Junit,
        _ => return None,
    })
}

/// Everything that is to be written, opened.
#[derive(Debug)]
pub struct Targets(Vec<Target>);

impl Targets {
    /// Writes the reports, and puts each where it belongs once all are written.
    ///
    /// # Errors
    /// When one cannot be written; files then stay as they were.
    pub fn write(mut self, report: &Report<'_>) -> anyhow::Result<()> {
        for Target { content, colour, sink } in &mut self.0 {
            sink.write(|out| match content {
                Content::Report(format) => report.write(*format, *colour, out),
                Content::Stat => report.write_stat(out),
            })?;
        }
        self.0.into_iter().try_for_each(|target| target.sink.finish())
    }
}

/// One report to be written.
#[derive(Debug)]
struct Target {
    content: Content,
    colour: bool,
    sink: Sink,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    Report(Format),
    Stat,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_named_by_its_ending_or_its_form() {
        assert_eq!(further("a/b.HTML"), Ok((Format::Html, "a/b.HTML".into())));
        assert_eq!(further("github:-out"), Ok((Format::Github, "-out".into())));
        assert_eq!(further("C:x.md"), Ok((Format::Markdown, "C:x.md".into())));
        assert!(further("report").is_err());
    }
}
