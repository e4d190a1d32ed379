//! Backups at regular times: what to give systemd, cron or Kubernetes.

use std::fmt::Write;

/// A command that is to run again and again.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// What the files are called after.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder that the backups go to, if they go to this machine.
    pub folder: Option<String>,
    /// When: an `OnCalendar` of systemd, or five fields of cron.
    pub when: String,
    /// The account that it runs as.
    pub user: Option<String>,
}

impl Job {
    /// Returns the service (systemd.service(5), systemd.exec(5)).
    pub fn systemd_service(&self) -> String {
        let mut text = format!(
            "[Unit]\n\
             Description=Back up PostgreSQL: {name}\n\
             Wants=network-online.target\n\
             After=network-online.target postgresql.service\n\
             \n\
             [Service]\n\
             Type=oneshot\n\
             ExecStart={command}\n",
            name = self.name,
            command = self.command.iter().map(|word| systemd_word(word)).collect::<Vec<_>>().join(" "),
        );
        if let Some(user) = &self.user {
            let _ = writeln!(text, "User={}", user.replace('%', "%%"));
        }
        text.push_str(
            "UMask=0077\n\
             NoNewPrivileges=yes\n\
             ProtectSystem=strict\n\
             ProtectHome=read-only\n\
             PrivateTmp=yes\n\
             PrivateDevices=yes\n\
             ProtectClock=yes\n\
             ProtectHostname=yes\n\
             ProtectControlGroups=yes\n\
             ProtectKernelLogs=yes\n\
             ProtectKernelModules=yes\n\
             ProtectKernelTunables=yes\n\
             RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n\
             RestrictRealtime=yes\n\
             RestrictSUIDSGID=yes\n\
             LockPersonality=yes\n\
             SystemCallArchitectures=native\n",
        );
        if let Some(folder) = &self.folder {
            let _ = writeln!(text, "ReadWritePaths={}", systemd_word(folder));
        }
        text
    }

    /// Returns the timer; a run that was missed while the machine was off is made up for (systemd.timer(5)).
    pub fn systemd_timer(&self) -> String {
        format!(
            "[Unit]\n\
             Description=Back up PostgreSQL regularly: {name}\n\
             \n\
             [Timer]\n\
             OnCalendar={when}\n\
             Persistent=true\n\
             RandomizedDelaySec=5min\n\
             \n\
             [Install]\n\
             WantedBy=timers.target\n",
            name = self.name,
            when = self.when.replace('%', "%%"),
        )
    }

    /// Returns a line of a crontab (crontab(5)), in which `%` would be the end of the command.
    pub fn cron_line(&self) -> String {
        let words: Vec<String> = self.command.iter().map(|word| shell_word(word)).collect();
        format!("{} {}\n", self.when, words.join(" ").replace('%', "\\%"))
    }

    /// Returns a CronJob. JSON texts are YAML, whatever they hold.
    pub fn kubernetes(&self, image: &str) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let arguments: String =
            self.command.iter().map(|word| format!("                - {}\n", text(word))).collect();
        let folder = text(self.folder.as_deref().unwrap_or("/backups"));
        format!(
            "apiVersion: batch/v1\n\
             kind: CronJob\n\
             metadata:\n\
             \x20 name: {name}\n\
             spec:\n\
             \x20 schedule: {when}\n\
             \x20 concurrencyPolicy: Forbid\n\
             \x20 successfulJobsHistoryLimit: 3\n\
             \x20 failedJobsHistoryLimit: 7\n\
             \x20 jobTemplate:\n\
             \x20   spec:\n\
             \x20     backoffLimit: 0\n\
             \x20     template:\n\
             \x20       spec:\n\
             \x20         restartPolicy: Never\n\
             \x20         securityContext:\n\
             \x20           runAsNonRoot: true\n\
             \x20           runAsUser: 65532\n\
             \x20           fsGroup: 65532\n\
             \x20           seccompProfile:\n\
             \x20             type: RuntimeDefault\n\
             \x20         containers:\n\
             \x20           - name: pgdump-take\n\
             \x20             image: {image}\n\
             \x20             command:\n\
             {arguments}\
             \x20             envFrom:\n\
             \x20               - secretRef:\n\
             \x20                   name: {name}\n\
             \x20             securityContext:\n\
             \x20               allowPrivilegeEscalation: false\n\
             \x20               readOnlyRootFilesystem: true\n\
             \x20               capabilities:\n\
             \x20                 drop: [ALL]\n\
             \x20             volumeMounts:\n\
             \x20               - name: backups\n\
             \x20                 mountPath: {folder}\n\
             \x20               - name: tmp\n\
             \x20                 mountPath: /tmp\n\
             \x20         volumes:\n\
             \x20           - name: backups\n\
             \x20             persistentVolumeClaim:\n\
             \x20               claimName: {name}\n\
             \x20           - name: tmp\n\
             \x20             emptyDir: {{}}\n",
            name = text(&self.name),
            when = text(&self.when),
            image = text(image),
        )
    }
}

/// Quotes a word of `ExecStart` ("Command lines" in systemd.service(5)): specifiers and variables are not expanded.
fn systemd_word(word: &str) -> String {
    let mut quoted = String::from("\"");
    for char in word.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '%' => quoted.push_str("%%"),
            '$' => quoted.push_str("$$"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// Quotes a word of a shell's command line.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
