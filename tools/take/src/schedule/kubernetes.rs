//! A CronJob of Kubernetes.

use anyhow::ensure;

use super::{Job, cron};

/// The longest name of a CronJob: those of its jobs have eleven characters more.
const NAME_MAX: usize = 52;

/// Returns a CronJob.
///
/// # Errors
/// When Kubernetes knows no such name, time or folder.
pub fn cron_job(job: &Job, image: &str) -> anyhow::Result<String> {
    cron::check(&job.when)?;
    ensure!(job.when != "@reboot", "Kubernetes knows no `@reboot`");
    check_name(&job.name)?;
    let folder = job.folder.as_deref().unwrap_or_default();
    ensure!(!folder.contains(':'), "no volume is mounted at a path with `:`: {folder}");
    // JSON is YAML, whatever its texts hold.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    // `$(NAME)` would be a variable; `$$` is one `$`.
    let arguments: String = job
        .command
        .iter()
        .map(|word| format!("                - {}\n", text(&word.replace('$', "$$"))))
        .collect();
    // What goes to a store needs no volume of its own.
    let (mount, volume) = match &job.folder {
        Some(folder) => (
            format!("                - name: backups\n                  mountPath: {}\n", text(folder)),
            format!(
                "            - name: backups\n              persistentVolumeClaim:\n                claimName: {}\n",
                text(&job.name)
            ),
        ),
        None => (String::new(), String::new()),
    };
    Ok(format!(
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
         \x20     activeDeadlineSeconds: {timeout}\n\
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
         {mount}\
         \x20               - name: tmp\n\
         \x20                 mountPath: /tmp\n\
         \x20         volumes:\n\
         {volume}\
         \x20           - name: tmp\n\
         \x20             emptyDir: {{}}\n",
        name = text(&job.name),
        when = text(&job.when),
        image = text(image),
        timeout = job.timeout,
    ))
}

/// Checks a name as RFC 1123 has them.
fn check_name(name: &str) -> anyhow::Result<()> {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=NAME_MAX).contains(&name.len())
        && name.chars().all(known)
        && !name.starts_with('-')
        && !name.ends_with('-');
    ensure!(
        fits,
        "a name in Kubernetes has at most {NAME_MAX} small letters, digits and `-`, the last within only: {name:?}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use yaml_rust2::YamlLoader;

    use super::super::tests::{HOSTILE, job};
    use super::*;

    #[test]
    fn words_mean_themselves() {
        let text = cron_job(&job(&HOSTILE), "example.org/take:1 # x").unwrap();
        let yaml = &YamlLoader::load_from_str(&text).unwrap()[0];
        let spec = &yaml["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let container = &spec["containers"][0];
        let words = container["command"].as_vec().unwrap();
        // What Kubernetes makes of it: without a lonely `$`, only `$$` is left to be one.
        let words: Vec<String> = words.iter().map(|word| word.as_str().unwrap().replace("$$", "$")).collect();
        assert_eq!(words, HOSTILE);
        assert_eq!(yaml["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"].as_i64(), Some(86_400));
        assert_eq!(container["image"].as_str(), Some("example.org/take:1 # x"));
        assert_eq!(container["volumeMounts"][0]["mountPath"].as_str(), Some("/backups"));
        assert_eq!(yaml["spec"]["schedule"].as_str(), Some("15 4 * * *"));
        assert_eq!(spec["volumes"][0]["persistentVolumeClaim"]["claimName"].as_str(), Some("shop"));
    }

    #[test]
    fn what_kubernetes_does_not_know_is_refused() {
        let refused = |change: fn(&mut Job)| {
            let mut job = job(&["pgdump-take"]);
            change(&mut job);
            cron_job(&job, "image").is_err()
        };
        assert!(refused(|job| job.name = "Shop".to_owned()));
        assert!(refused(|job| job.name = "shop-".to_owned()));
        assert!(refused(|job| job.name = "a.b".to_owned()));
        assert!(refused(|job| job.name = "x".repeat(53)));
        assert!(refused(|job| job.when = "@reboot".to_owned()));
        assert!(refused(|job| job.folder = Some("/a:b".to_owned())));
        assert!(!refused(|job| job.when = "@daily".to_owned()));
    }
}
