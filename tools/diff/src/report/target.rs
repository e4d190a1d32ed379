//! Which reports are written, in which form and where to.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ColorChoice, ValueEnum};
use tempfile::NamedTempFile;

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

    /// Whether to use colours
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
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
        let mut targets =
            Targets { further: Vec::new(), main: Target { content, colour: false, sink: Sink::Stdout } };
        match &self.output {
            Some(path) => targets.main.sink = Sink::open(path)?,
            None => {
                targets.main.colour =
                    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            }
        }
        match self.color {
            ColorChoice::Auto => {}
            ColorChoice::Always => targets.main.colour = true,
            ColorChoice::Never => targets.main.colour = false,
        }
        let mut files: Vec<PathBuf> = targets.main.sink.file().into_iter().collect();
        for (format, path) in &self.further {
            let sink = Sink::open(path)?;
            if let Some(file) = sink.file() {
                if files.contains(&file) {
                    bail!("two reports would go to one file: {}", path.display());
                }
                files.push(file);
            }
            targets.further.push(Target { content: Content::Report(*format), colour: false, sink });
        }
        Ok(targets)
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
pub struct Targets {
    main: Target,
    further: Vec<Target>,
}

impl Targets {
    /// Writes the reports, and puts each where it belongs once all are written.
    ///
    /// # Errors
    /// When one cannot be written; files then stay as they were.
    pub fn write(mut self, report: &Report<'_>) -> anyhow::Result<()> {
        // What goes into files first: a reader of stdout that went away takes no report with it.
        for target in self.further.iter_mut().chain([&mut self.main]) {
            target.write(report)?;
        }
        for target in self.further.into_iter().chain([self.main]) {
            target.sink.finish()?;
        }
        Ok(())
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

impl Target {
    fn write(&mut self, report: &Report<'_>) -> anyhow::Result<()> {
        let mut buffer;
        let mut stdout;
        let name = self.sink.name();
        let out: &mut dyn Write = match &mut self.sink {
            Sink::Stdout => {
                stdout = BufWriter::new(io::stdout().lock());
                &mut stdout
            }
            Sink::Device(file, _) => file,
            Sink::Replacement(file, _) => {
                buffer = BufWriter::new(file.as_file_mut());
                &mut buffer
            }
        };
        let written = match self.content {
            Content::Report(format) => report.write(format, self.colour, out),
            Content::Stat => report.write_stat(out),
        };
        written.and_then(|()| out.flush()).with_context(|| format!("cannot write {name}"))
    }
}

/// Where a report goes.
#[derive(Debug)]
enum Sink {
    Stdout,
    /// What cannot be replaced, such as a pipe.
    Device(File, PathBuf),
    /// A file that takes the place of another at the end.
    Replacement(NamedTempFile, PathBuf),
}

impl Sink {
    fn open(path: &Path) -> anyhow::Result<Sink> {
        let cannot = || format!("cannot write {}", path.display());
        // A link stays one.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let known = fs::metadata(path).ok();
        if let Some(metadata) = known.as_ref().filter(|metadata| !metadata.is_file()) {
            if metadata.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory)).with_context(cannot);
            }
            let file = File::options().write(true).open(path).with_context(cannot)?;
            return Ok(Sink::Device(file, path.clone()));
        }
        if known.is_some() {
            // What must not be written must not be replaced either.
            File::options().append(true).open(path).with_context(cannot)?;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pgdump-diff.");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The process's mask takes from this what it takes from every new file.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).with_context(cannot)?;
        if let Some(metadata) = known {
            file.as_file().set_permissions(metadata.permissions()).with_context(cannot)?;
        }
        Ok(Sink::Replacement(file, path.clone()))
    }

    fn name(&self) -> String {
        match self {
            Sink::Stdout => "standard output".to_owned(),
            Sink::Device(_, path) | Sink::Replacement(_, path) => path.display().to_string(),
        }
    }

    /// The file that will be replaced, by the one name that all its names lead to.
    fn file(&self) -> Option<PathBuf> {
        let Sink::Replacement(_, path) = self else { return None };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        Some(folder.join(path.file_name()?))
    }

    fn finish(self) -> anyhow::Result<()> {
        if let Sink::Replacement(file, path) = self {
            file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
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
