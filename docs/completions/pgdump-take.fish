# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pgdump_take_global_optspecs
    string join \n help dir= F/format= Z/compress= j/jobs= content assert= all pg-dumpall no-role-passwords then-verify on-success= on-failure= ping= prom= dry-run json keep-last= keep-daily= keep-weekly= keep-monthly= keep-yearly= max-age= max-bytes= require-verified h/host= p/port= U/username= d/dbname= W/password w/no-password a/data-only b/large-objects blobs B/no-large-objects no-blobs c/clean C/create e/extension= E/encoding= n/schema= N/exclude-schema= O/no-owner s/schema-only S/superuser= t/table= T/exclude-table= x/no-privileges column-inserts disable-dollar-quoting disable-triggers exclude-extension= exclude-table-and-children= exclude-table-data= exclude-table-data-and-children= extra-float-digits= filter= if-exists include-foreign-data= inserts load-via-partition-root lock-wait-timeout= no-comments no-data no-policies no-publications no-schema no-security-labels no-statistics no-subscriptions no-table-access-method no-tablespaces no-toast-compression no-unlogged-table-data on-conflict-do-nothing quote-all-identifiers rows-per-insert= section= sequence-data statistics statistics-only strict-names table-and-children= use-set-session-authorization V/version
end

function __fish_pgdump_take_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pgdump_take_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pgdump_take_using_subcommand
    set -l cmd (__fish_pgdump_take_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l dir -d 'The folder that backups go to, or a place in a store, such as `s3://bucket/nightly`, `gs://…` or `az://…`, for which they are made and proven in the folder of temporary files (`TMPDIR`)' -r -F
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s F -l format -d 'How the backup is written' -r -f -a "plain\t''
custom\t''
tar\t''
directory\t''"
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s Z -l compress -d '`none`, `gzip` or `zstd`, with `:LEVEL` behind it or not, or a level of gzip; a plain backup is packed while it is written, and called `.gz` or `.zst`' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s j -l jobs -d 'How many tables pg_dump takes at once into a folder [default: the number of processors]. Beside pg_dump, as many connections read the source as it leaves processors, at least one' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l assert -d 'Ask the source a query of one value and record the answer, for a restored copy to give the same. Names need their schema: the search path is empty' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l on-success -d 'Run a program when all went well; its standard input is the result as JSON, its environment has PGDUMP_TAKE_OUTCOME and PGDUMP_TAKE_FILES' -r -F
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l on-failure -d 'Run a program when anything did not, in the same way' -r -F
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l ping -d 'Tell a dead-man switch, such as healthchecks: the URL is asked for when all went well, with `/start` behind it at the beginning and `/fail` otherwise' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l prom -d 'Write the result for Prometheus\' textfile collector' -r -F
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l keep-last -d 'Keep the newest of all' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l keep-daily -d 'Keep the newest of each day, of so many days that have any; days are those of UTC' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l keep-weekly -d 'Keep the newest of each ISO week' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l keep-monthly -d 'Keep the newest of each month' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l keep-yearly -d 'Keep the newest of each year' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l max-age -d 'Keep nothing older, such as `36h` or `30d`, but for the newest and the last verified' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l max-bytes -d 'Keep no more bytes altogether, such as `200GB` or `1.5TiB`, but for the newest and the last verified; the oldest go first' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s h -l host -d 'The server\'s host name or the folder of its socket' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s p -l port -d 'The server\'s port' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s U -l username -d 'The role to connect as' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s d -l dbname -d 'The database, a URL or a connection string' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s e -l extension -d 'Dump these extensions only' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s E -l encoding -d 'Dump the data in this encoding' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s n -l schema -d 'Dump these schemas only' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s N -l exclude-schema -d 'Do not dump these schemas' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s S -l superuser -d 'Superuser to disable triggers as' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s t -l table -d 'Dump these tables only' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s T -l exclude-table -d 'Do not dump these tables' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l exclude-extension -d 'Do not dump these extensions' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l exclude-table-and-children -d 'Do not dump these tables, nor their children' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l exclude-table-data -d 'Do not dump the rows of these tables' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l exclude-table-data-and-children -d 'Nor the rows of their children' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l extra-float-digits -d 'Set `extra_float_digits`' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l filter -d 'Include or exclude what the file says' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l include-foreign-data -d 'Include the rows of these servers\' foreign tables' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l lock-wait-timeout -d 'Fail after waiting so long for a lock' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l rows-per-insert -d 'Rows of one INSERT' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l section -d 'Dump this section only' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l table-and-children -d 'Dump these tables and their children only' -r
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l help -d 'Print help'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l content -d 'Compare and record the content of all rows and large objects, not only their number'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l all -d 'All databases of the server, each on its own, and what belongs to the cluster'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l pg-dumpall -d 'All databases in one plain file, by pg_dumpall, which takes no snapshot to compare with'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-role-passwords -d 'Leave the hashes of passwords out of what pg_dumpall writes, which only a superuser may read'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l then-verify -d 'Verify what was taken with `pgdump-verify`, which has to be beside this program or in `PATH`'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l dry-run -d 'Take nothing; say what would be removed, and why'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l json -d 'Print JSON'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l require-verified -d 'Count only backups that `pgdump-verify` has passed; what is newer than these stays, and so does everything where there is none'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s W -l password -d 'Ask for a password before connecting'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s w -l no-password -d 'Never ask for a password'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s a -l data-only -d 'Dump only the data'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s b -l large-objects -d 'Include large objects'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l blobs -d 'The same under its older name'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s B -l no-large-objects -d 'Exclude large objects'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-blobs -d 'The same under its older name'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s c -l clean -d 'Drop objects before they are created'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s C -l create -d 'Include the commands that create the database'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s O -l no-owner -d 'Leave owners out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s s -l schema-only -d 'Dump only the schema'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s x -l no-privileges -d 'Leave privileges out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l column-inserts -d 'Rows as INSERT with column names'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l disable-dollar-quoting -d 'Quote as the SQL standard does'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l disable-triggers -d 'Disable triggers during a restore of data only'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l if-exists -d 'Drop objects with IF EXISTS'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l inserts -d 'Rows as INSERT'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l load-via-partition-root -d 'Load partitions through their root'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-comments -d 'Leave comments out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-data -d 'Leave data out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-policies -d 'Leave row security policies out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-publications -d 'Leave publications out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-schema -d 'Leave the schema out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-security-labels -d 'Leave security labels out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-statistics -d 'Leave the planner\'s statistics out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-subscriptions -d 'Leave subscriptions out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-table-access-method -d 'Leave table access methods out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-tablespaces -d 'Leave tablespaces out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-toast-compression -d 'Leave TOAST compression methods out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l no-unlogged-table-data -d 'Leave the rows of unlogged tables out'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l on-conflict-do-nothing -d 'INSERT with ON CONFLICT DO NOTHING'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l quote-all-identifiers -d 'Quote all names'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l sequence-data -d 'Include the values of sequences where no data is dumped'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l statistics -d 'Include the planner\'s statistics'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l statistics-only -d 'Dump only the planner\'s statistics'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l strict-names -d 'Fail if a pattern of tables or schemas finds nothing'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -l use-set-session-authorization -d 'Set owners by SET SESSION AUTHORIZATION'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -s V -l version -d 'Print version'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -a "list" -d 'List the backups in a folder: when, what, size, rows, complete, verified, next to be removed'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -a "schedule" -d 'Print or install what takes backups at regular times'
complete -c pgdump-take -n "__fish_pgdump_take_needs_command" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l keep-last -d 'Keep the newest of all' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l keep-daily -d 'Keep the newest of each day, of so many days that have any; days are those of UTC' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l keep-weekly -d 'Keep the newest of each ISO week' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l keep-monthly -d 'Keep the newest of each month' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l keep-yearly -d 'Keep the newest of each year' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l max-age -d 'Keep nothing older, such as `36h` or `30d`, but for the newest and the last verified' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l max-bytes -d 'Keep no more bytes altogether, such as `200GB` or `1.5TiB`, but for the newest and the last verified; the oldest go first' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l json -d 'Print JSON, as docs/schemas/pgdump-take-list.schema.json says'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l require-verified -d 'Count only backups that `pgdump-verify` has passed; what is newer than these stays, and so does everything where there is none'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand list" -l help -d 'Print help'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l when -d 'When: an `OnCalendar` of systemd; five fields or one such as `@daily` for the others [default: every night]' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l name -d 'What the files and jobs are called; in Kubernetes also the secret with the environment, such as `PGPASSWORD`, and the claim of the volume' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l user -d 'The account that backups are taken as' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l timeout -d 'How many seconds a run may take, all that it verifies included; then it is ended by SIGTERM, which is told as trouble' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l image -d 'The image that holds pgdump-take and pg_dump' -r
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l systemd -d 'A service and a timer of systemd'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l cron -d 'A line of a crontab'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l kubernetes -d 'A CronJob of Kubernetes'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l install -d 'Install it: systemd\'s files into /etc/systemd/system, cron\'s line into the account\'s crontab. Only what this program wrote is replaced'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand schedule" -l help -d 'Print help'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand help; and not __fish_seen_subcommand_from list schedule help" -f -a "list" -d 'List the backups in a folder: when, what, size, rows, complete, verified, next to be removed'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand help; and not __fish_seen_subcommand_from list schedule help" -f -a "schedule" -d 'Print or install what takes backups at regular times'
complete -c pgdump-take -n "__fish_pgdump_take_using_subcommand help; and not __fish_seen_subcommand_from list schedule help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
