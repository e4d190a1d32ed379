//! A browser without a window, to look at pages that a tool wrote.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;
use tempfile::TempDir;

use crate::Error;
use crate::child::run;
use crate::install::install;

/// Names the environment variable that overrides the search.
const VARIABLE: &str = "PGDUMPKIT_CHROMIUM";

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Chromium, as it is installed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Browser {
    program: PathBuf,
}

impl Browser {
    /// Finds Chromium: the program that `PGDUMPKIT_CHROMIUM` names, else one on `PATH`.
    pub fn find() -> Option<Browser> {
        if let Some(program) = env::var_os(VARIABLE).filter(|program| !program.is_empty()) {
            return Some(Browser { program: program.into() });
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let mut programs =
            env::split_paths(&path).flat_map(|folder| NAMES.into_iter().map(move |name| folder.join(name)));
        programs.find(|program| program.is_file()).map(|program| Browser { program })
    }

    /// Finds Chromium, and as root on Debian or Ubuntu installs it first if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::NoBrowser`] where it cannot install by itself; [`Error::Failed`] quotes `apt-get`.
    pub fn ensure() -> Result<Browser, Error> {
        if let Some(browser) = Browser::find() {
            return Ok(browser);
        }
        if !install(&["chromium"])? {
            return Err(Error::NoBrowser);
        }
        Browser::find().ok_or(Error::NoBrowser)
    }

    /// Finds Chromium, or returns `None` where doing without is allowed: anywhere but under `CI`.
    ///
    /// # Errors
    ///
    /// [`Error::NoBrowser`] under `CI`.
    pub fn find_optional() -> Result<Option<Browser>, Error> {
        let browser = Browser::find();
        match env::var_os("CI").is_some_and(|ci| !ci.is_empty()) && browser.is_none() {
            true => Err(Error::NoBrowser),
            false => Ok(browser),
        }
    }

    /// Returns the program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Loads a page, lets its scripts run, and returns what the document then is, as HTML.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] or [`Error::Failed`] if the browser does not do it.
    pub fn document(&self, page: &Path) -> Result<String, Error> {
        self.dump(page, &[])
    }

    /// Loads a page with its scripts switched off, and returns the text that is then shown.
    ///
    /// # Errors
    ///
    /// As [`document`](Browser::document), and [`Error::Io`].
    pub fn text_without_scripts(&self, page: &Path) -> Result<String, Error> {
        let folder = temporary()?;
        let frame = folder.path().join("frame.html");
        // The frame may run nothing; the page around it reads what the frame shows.
        let html = format!(
            "<iframe sandbox='allow-same-origin' src='file://{}'></iframe><script>onload = () => {{
                document.body.textContent = document.querySelector('iframe').contentDocument.body.innerText;
            }}</script>",
            page.display()
        );
        fs::write(&frame, html).map_err(Error::io("write", &frame))?;
        let document = self.dump(&frame, &["--allow-file-access-from-files"])?;
        let body = document.split_once("<body>").map_or(document.as_str(), |(_, body)| body);
        let body = body.split("</body>").next().unwrap_or_default();
        Ok(body.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    }

    fn dump(&self, page: &Path, more: &[&str]) -> Result<String, Error> {
        let profile = temporary()?;
        let mut command = Command::new(&self.program);
        command.args(["--headless", "--disable-gpu", "--dump-dom", "--virtual-time-budget=5000"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).args(more);
        if geteuid().is_root() {
            // Chromium refuses to run as root inside its sandbox.
            command.arg("--no-sandbox");
        }
        let output = run(command.arg(format!("file://{}", page.display())))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn temporary() -> Result<TempDir, Error> {
    let parent = env::temp_dir();
    tempfile::tempdir_in(&parent).map_err(Error::io("create folder in", &parent))
}
