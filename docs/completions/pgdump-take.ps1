
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'pgdump-take' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'pgdump-take'
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
        'pgdump-take' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder that backups go to, or a place in a store, such as `s3://bucket/nightly`, `gs://…` or `az://…`, for which they are made and proven in the folder of temporary files (`TMPDIR`)')
            [CompletionResult]::new('-F', '-F ', [CompletionResultType]::ParameterName, 'How the backup is written')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the backup is written')
            [CompletionResult]::new('-Z', '-Z ', [CompletionResultType]::ParameterName, '`none`, `gzip` or `zstd`, with `:LEVEL` behind it or not, or a level of gzip; a plain backup is packed while it is written, and called `.gz` or `.zst`')
            [CompletionResult]::new('--compress', '--compress', [CompletionResultType]::ParameterName, '`none`, `gzip` or `zstd`, with `:LEVEL` behind it or not, or a level of gzip; a plain backup is packed while it is written, and called `.gz` or `.zst`')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many tables pg_dump takes at once into a folder [default: the number of processors]. Beside pg_dump, as many connections read the source as it leaves processors, at least one')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many tables pg_dump takes at once into a folder [default: the number of processors]. Beside pg_dump, as many connections read the source as it leaves processors, at least one')
            [CompletionResult]::new('--assert', '--assert', [CompletionResultType]::ParameterName, 'Ask the source a query of one value and record the answer, for a restored copy to give the same. Names need their schema: the search path is empty')
            [CompletionResult]::new('--on-success', '--on-success', [CompletionResultType]::ParameterName, 'Run a program when all went well; its standard input is the result as JSON, its environment has PGDUMP_TAKE_OUTCOME and PGDUMP_TAKE_FILES')
            [CompletionResult]::new('--on-failure', '--on-failure', [CompletionResultType]::ParameterName, 'Run a program when anything did not, in the same way')
            [CompletionResult]::new('--ping', '--ping', [CompletionResultType]::ParameterName, 'Tell a dead-man switch, such as healthchecks: the URL is asked for when all went well, with `/start` behind it at the beginning and `/fail` otherwise')
            [CompletionResult]::new('--prom', '--prom', [CompletionResultType]::ParameterName, 'Write the result for Prometheus'' textfile collector')
            [CompletionResult]::new('--keep-last', '--keep-last', [CompletionResultType]::ParameterName, 'Keep the newest of all')
            [CompletionResult]::new('--keep-daily', '--keep-daily', [CompletionResultType]::ParameterName, 'Keep the newest of each day, of so many days that have any; days are those of UTC')
            [CompletionResult]::new('--keep-weekly', '--keep-weekly', [CompletionResultType]::ParameterName, 'Keep the newest of each ISO week')
            [CompletionResult]::new('--keep-monthly', '--keep-monthly', [CompletionResultType]::ParameterName, 'Keep the newest of each month')
            [CompletionResult]::new('--keep-yearly', '--keep-yearly', [CompletionResultType]::ParameterName, 'Keep the newest of each year')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Keep nothing older, such as `36h` or `30d`, but for the newest and the last verified')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Keep no more bytes altogether, such as `200GB` or `1.5TiB`, but for the newest and the last verified; the oldest go first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'The server''s host name or the folder of its socket')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The server''s host name or the folder of its socket')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The server''s port')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The server''s port')
            [CompletionResult]::new('-U', '-U ', [CompletionResultType]::ParameterName, 'The role to connect as')
            [CompletionResult]::new('--username', '--username', [CompletionResultType]::ParameterName, 'The role to connect as')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'The database, a URL or a connection string')
            [CompletionResult]::new('--dbname', '--dbname', [CompletionResultType]::ParameterName, 'The database, a URL or a connection string')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Dump these extensions only')
            [CompletionResult]::new('--extension', '--extension', [CompletionResultType]::ParameterName, 'Dump these extensions only')
            [CompletionResult]::new('-E', '-E ', [CompletionResultType]::ParameterName, 'Dump the data in this encoding')
            [CompletionResult]::new('--encoding', '--encoding', [CompletionResultType]::ParameterName, 'Dump the data in this encoding')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Dump these schemas only')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Dump these schemas only')
            [CompletionResult]::new('-N', '-N ', [CompletionResultType]::ParameterName, 'Do not dump these schemas')
            [CompletionResult]::new('--exclude-schema', '--exclude-schema', [CompletionResultType]::ParameterName, 'Do not dump these schemas')
            [CompletionResult]::new('-S', '-S ', [CompletionResultType]::ParameterName, 'Superuser to disable triggers as')
            [CompletionResult]::new('--superuser', '--superuser', [CompletionResultType]::ParameterName, 'Superuser to disable triggers as')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Dump these tables only')
            [CompletionResult]::new('--table', '--table', [CompletionResultType]::ParameterName, 'Dump these tables only')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Do not dump these tables')
            [CompletionResult]::new('--exclude-table', '--exclude-table', [CompletionResultType]::ParameterName, 'Do not dump these tables')
            [CompletionResult]::new('--exclude-extension', '--exclude-extension', [CompletionResultType]::ParameterName, 'Do not dump these extensions')
            [CompletionResult]::new('--exclude-table-and-children', '--exclude-table-and-children', [CompletionResultType]::ParameterName, 'Do not dump these tables, nor their children')
            [CompletionResult]::new('--exclude-table-data', '--exclude-table-data', [CompletionResultType]::ParameterName, 'Do not dump the rows of these tables')
            [CompletionResult]::new('--exclude-table-data-and-children', '--exclude-table-data-and-children', [CompletionResultType]::ParameterName, 'Nor the rows of their children')
            [CompletionResult]::new('--extra-float-digits', '--extra-float-digits', [CompletionResultType]::ParameterName, 'Set `extra_float_digits`')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Include or exclude what the file says')
            [CompletionResult]::new('--include-foreign-data', '--include-foreign-data', [CompletionResultType]::ParameterName, 'Include the rows of these servers'' foreign tables')
            [CompletionResult]::new('--lock-wait-timeout', '--lock-wait-timeout', [CompletionResultType]::ParameterName, 'Fail after waiting so long for a lock')
            [CompletionResult]::new('--rows-per-insert', '--rows-per-insert', [CompletionResultType]::ParameterName, 'Rows of one INSERT')
            [CompletionResult]::new('--section', '--section', [CompletionResultType]::ParameterName, 'Dump this section only')
            [CompletionResult]::new('--table-and-children', '--table-and-children', [CompletionResultType]::ParameterName, 'Dump these tables and their children only')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--content', '--content', [CompletionResultType]::ParameterName, 'Compare and record the content of all rows and large objects, not only their number')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All databases of the server, each on its own, and what belongs to the cluster')
            [CompletionResult]::new('--pg-dumpall', '--pg-dumpall', [CompletionResultType]::ParameterName, 'All databases in one plain file, by pg_dumpall, which takes no snapshot to compare with')
            [CompletionResult]::new('--no-role-passwords', '--no-role-passwords', [CompletionResultType]::ParameterName, 'Leave the hashes of passwords out of what pg_dumpall writes, which only a superuser may read')
            [CompletionResult]::new('--then-verify', '--then-verify', [CompletionResultType]::ParameterName, 'Verify what was taken with `pgdump-verify`, which has to be beside this program or in `PATH`')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Take nothing; say what would be removed, and why')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('--require-verified', '--require-verified', [CompletionResultType]::ParameterName, 'Count only backups that `pgdump-verify` has passed; what is newer than these stays, and so does everything where there is none')
            [CompletionResult]::new('-W', '-W ', [CompletionResultType]::ParameterName, 'Ask for a password before connecting')
            [CompletionResult]::new('--password', '--password', [CompletionResultType]::ParameterName, 'Ask for a password before connecting')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Never ask for a password')
            [CompletionResult]::new('--no-password', '--no-password', [CompletionResultType]::ParameterName, 'Never ask for a password')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Dump only the data')
            [CompletionResult]::new('--data-only', '--data-only', [CompletionResultType]::ParameterName, 'Dump only the data')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Include large objects')
            [CompletionResult]::new('--large-objects', '--large-objects', [CompletionResultType]::ParameterName, 'Include large objects')
            [CompletionResult]::new('--blobs', '--blobs', [CompletionResultType]::ParameterName, 'The same under its older name')
            [CompletionResult]::new('-B', '-B ', [CompletionResultType]::ParameterName, 'Exclude large objects')
            [CompletionResult]::new('--no-large-objects', '--no-large-objects', [CompletionResultType]::ParameterName, 'Exclude large objects')
            [CompletionResult]::new('--no-blobs', '--no-blobs', [CompletionResultType]::ParameterName, 'The same under its older name')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Drop objects before they are created')
            [CompletionResult]::new('--clean', '--clean', [CompletionResultType]::ParameterName, 'Drop objects before they are created')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Include the commands that create the database')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Include the commands that create the database')
            [CompletionResult]::new('-O', '-O ', [CompletionResultType]::ParameterName, 'Leave owners out')
            [CompletionResult]::new('--no-owner', '--no-owner', [CompletionResultType]::ParameterName, 'Leave owners out')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Dump only the schema')
            [CompletionResult]::new('--schema-only', '--schema-only', [CompletionResultType]::ParameterName, 'Dump only the schema')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'Leave privileges out')
            [CompletionResult]::new('--no-privileges', '--no-privileges', [CompletionResultType]::ParameterName, 'Leave privileges out')
            [CompletionResult]::new('--column-inserts', '--column-inserts', [CompletionResultType]::ParameterName, 'Rows as INSERT with column names')
            [CompletionResult]::new('--disable-dollar-quoting', '--disable-dollar-quoting', [CompletionResultType]::ParameterName, 'Quote as the SQL standard does')
            [CompletionResult]::new('--disable-triggers', '--disable-triggers', [CompletionResultType]::ParameterName, 'Disable triggers during a restore of data only')
            [CompletionResult]::new('--if-exists', '--if-exists', [CompletionResultType]::ParameterName, 'Drop objects with IF EXISTS')
            [CompletionResult]::new('--inserts', '--inserts', [CompletionResultType]::ParameterName, 'Rows as INSERT')
            [CompletionResult]::new('--load-via-partition-root', '--load-via-partition-root', [CompletionResultType]::ParameterName, 'Load partitions through their root')
            [CompletionResult]::new('--no-comments', '--no-comments', [CompletionResultType]::ParameterName, 'Leave comments out')
            [CompletionResult]::new('--no-data', '--no-data', [CompletionResultType]::ParameterName, 'Leave data out')
            [CompletionResult]::new('--no-policies', '--no-policies', [CompletionResultType]::ParameterName, 'Leave row security policies out')
            [CompletionResult]::new('--no-publications', '--no-publications', [CompletionResultType]::ParameterName, 'Leave publications out')
            [CompletionResult]::new('--no-schema', '--no-schema', [CompletionResultType]::ParameterName, 'Leave the schema out')
            [CompletionResult]::new('--no-security-labels', '--no-security-labels', [CompletionResultType]::ParameterName, 'Leave security labels out')
            [CompletionResult]::new('--no-statistics', '--no-statistics', [CompletionResultType]::ParameterName, 'Leave the planner''s statistics out')
            [CompletionResult]::new('--no-subscriptions', '--no-subscriptions', [CompletionResultType]::ParameterName, 'Leave subscriptions out')
            [CompletionResult]::new('--no-table-access-method', '--no-table-access-method', [CompletionResultType]::ParameterName, 'Leave table access methods out')
            [CompletionResult]::new('--no-tablespaces', '--no-tablespaces', [CompletionResultType]::ParameterName, 'Leave tablespaces out')
            [CompletionResult]::new('--no-toast-compression', '--no-toast-compression', [CompletionResultType]::ParameterName, 'Leave TOAST compression methods out')
            [CompletionResult]::new('--no-unlogged-table-data', '--no-unlogged-table-data', [CompletionResultType]::ParameterName, 'Leave the rows of unlogged tables out')
            [CompletionResult]::new('--on-conflict-do-nothing', '--on-conflict-do-nothing', [CompletionResultType]::ParameterName, 'INSERT with ON CONFLICT DO NOTHING')
            [CompletionResult]::new('--quote-all-identifiers', '--quote-all-identifiers', [CompletionResultType]::ParameterName, 'Quote all names')
            [CompletionResult]::new('--sequence-data', '--sequence-data', [CompletionResultType]::ParameterName, 'Include the values of sequences where no data is dumped')
            [CompletionResult]::new('--statistics', '--statistics', [CompletionResultType]::ParameterName, 'Include the planner''s statistics')
            [CompletionResult]::new('--statistics-only', '--statistics-only', [CompletionResultType]::ParameterName, 'Dump only the planner''s statistics')
            [CompletionResult]::new('--strict-names', '--strict-names', [CompletionResultType]::ParameterName, 'Fail if a pattern of tables or schemas finds nothing')
            [CompletionResult]::new('--use-set-session-authorization', '--use-set-session-authorization', [CompletionResultType]::ParameterName, 'Set owners by SET SESSION AUTHORIZATION')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the backups in a folder: when, what, size, rows, complete, verified, next to be removed')
            [CompletionResult]::new('schedule', 'schedule', [CompletionResultType]::ParameterValue, 'Print or install what takes backups at regular times')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgdump-take;list' {
            [CompletionResult]::new('--keep-last', '--keep-last', [CompletionResultType]::ParameterName, 'Keep the newest of all')
            [CompletionResult]::new('--keep-daily', '--keep-daily', [CompletionResultType]::ParameterName, 'Keep the newest of each day, of so many days that have any; days are those of UTC')
            [CompletionResult]::new('--keep-weekly', '--keep-weekly', [CompletionResultType]::ParameterName, 'Keep the newest of each ISO week')
            [CompletionResult]::new('--keep-monthly', '--keep-monthly', [CompletionResultType]::ParameterName, 'Keep the newest of each month')
            [CompletionResult]::new('--keep-yearly', '--keep-yearly', [CompletionResultType]::ParameterName, 'Keep the newest of each year')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Keep nothing older, such as `36h` or `30d`, but for the newest and the last verified')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Keep no more bytes altogether, such as `200GB` or `1.5TiB`, but for the newest and the last verified; the oldest go first')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, as docs/schemas/pgdump-take-list.schema.json says')
            [CompletionResult]::new('--require-verified', '--require-verified', [CompletionResultType]::ParameterName, 'Count only backups that `pgdump-verify` has passed; what is newer than these stays, and so does everything where there is none')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'pgdump-take;schedule' {
            [CompletionResult]::new('--when', '--when', [CompletionResultType]::ParameterName, 'When: an `OnCalendar` of systemd; five fields or one such as `@daily` for the others [default: every night]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'What the files and jobs are called; in Kubernetes also the secret with the environment, such as `PGPASSWORD`, and the claim of the volume')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The account that backups are taken as')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How many seconds a run may take, all that it verifies included; then it is ended by SIGTERM, which is told as trouble')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'The image that holds pgdump-take and pg_dump')
            [CompletionResult]::new('--systemd', '--systemd', [CompletionResultType]::ParameterName, 'A service and a timer of systemd')
            [CompletionResult]::new('--cron', '--cron', [CompletionResultType]::ParameterName, 'A line of a crontab')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'A CronJob of Kubernetes')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Install it: systemd''s files into /etc/systemd/system, cron''s line into the account''s crontab. Only what this program wrote is replaced')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'pgdump-take;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the backups in a folder: when, what, size, rows, complete, verified, next to be removed')
            [CompletionResult]::new('schedule', 'schedule', [CompletionResultType]::ParameterValue, 'Print or install what takes backups at regular times')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgdump-take;help;list' {
            break
        }
        'pgdump-take;help;schedule' {
            break
        }
        'pgdump-take;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
