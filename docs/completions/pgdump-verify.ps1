
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'pgdump-verify' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'pgdump-verify'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'pgdump-verify' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Verify every backup in a folder: what is one by its content or, if it is damaged, by its name (.sql .dump .backup …, compressed or not). Folders in it are not entered, but for archives in the directory format. That there is none is as bad as a bad one')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'How old the newest backup of each database may be, such as `26h` or `7d`; an older one is as bad as a bad one')
            [CompletionResult]::new('--min-rows', '--min-rows', [CompletionResultType]::ParameterName, 'How many rows the backup has to hold at least, all tables together; one that holds fewer is bad')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'How much is proved')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many connections load rows, build indexes and compare [default: the number of processors]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many connections load rows, build indexes and compare [default: the number of processors]')
            [CompletionResult]::new('--pg-bindir', '--pg-bindir', [CompletionResultType]::ParameterName, 'The folder of the server programs (`initdb`, `postgres`) to restore with [default: a server of the backup''s major version, else a newer one]')
            [CompletionResult]::new('--globals', '--globals', [CompletionResultType]::ParameterName, 'A file of `pg_dumpall --globals-only` or `--roles-only`: its roles are made before the backup is restored, without passwords; roles that it does not name are made up as without it')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Restore into a database of this server, a URL or connection string, instead of a private server: it is made, named and commented as ours, and removed. Needs a role that may create databases; nothing runs as a superuser')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Leave the restored database under this name and print how to connect; a private server is left running. On a given server the name must be free, or be that of an empty database, whose place it takes')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up on a backup after this many seconds, reading and restoring included, which is no verdict on it')
            [CompletionResult]::new('--assert', '--assert', [CompletionResultType]::ParameterName, 'Ask the restored database a query of one value; `--equals` says which. The role that asks is no superuser and writes nothing')
            [CompletionResult]::new('--equals', '--equals', [CompletionResultType]::ParameterName, 'The value that the query of the `--assert` at the same place should return, as text; `NULL` for none')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'Compare the backup with what this manifest says that its source held [default: the one beside the backup, as `shop.dump.manifest.json`, if it is there]. That a backup was verified with the one beside it, at level `restore` or `full`, is recorded beside both, as `shop.dump.verified.json`; the record of a bad one is removed')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'Compare the backup with what its source holds now: a URL, a connection string or the name of a database. Every difference is one of the backup (exit code 1), though the source may have moved on since. Nothing is written there')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write one more report, in the form that the file''s name says: .json, .html (one page that needs nothing else), .md (at most 65,536 characters), .xml (JUnit), .prom (for Prometheus'' textfile collector); may be given several times. It is written after trouble too, and says so')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether to use colours')
            [CompletionResult]::new('--newest', '--newest', [CompletionResultType]::ParameterName, 'Of a folder only the newest backup of each database, by the time that an archive holds, else by the file''s. The database is that of the manifest beside it, else of the archive''s header, else its name without the time in it')
            [CompletionResult]::new('--trust', '--trust', [CompletionResultType]::ParameterName, 'Let a superuser run what fails without one, such as functions in C: only for backups of your own')
            [CompletionResult]::new('--content', '--content', [CompletionResultType]::ParameterName, 'With `--against`, compare the content of all rows, not only their number')
            [CompletionResult]::new('-W', '-W ', [CompletionResultType]::ParameterName, 'Ask for a password before connecting')
            [CompletionResult]::new('--password', '--password', [CompletionResultType]::ParameterName, 'Ask for a password before connecting')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Never ask for a password')
            [CompletionResult]::new('--no-password', '--no-password', [CompletionResultType]::ParameterName, 'Never ask for a password')
            [CompletionResult]::new('--reap', '--reap', [CompletionResultType]::ParameterName, 'Remove what runs that were killed left behind, servers and folders, with `--server` its databases and roles as well, and list it; no backup is verified')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, as docs/schemas/pgdump-verify.schema.json says')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
