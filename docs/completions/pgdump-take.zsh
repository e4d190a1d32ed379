#compdef pgdump-take

autoload -U is-at-least

_pgdump-take() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--dir=[The folder that backups go to, or a place in a store, such as \`s3\://bucket/nightly\`, \`gs\://…\` or \`az\://…\`, for which they are made and proven in the folder of temporary files (\`TMPDIR\`)]:FOLDER:_files' \
'-F+[How the backup is written]:FORMAT:(plain custom tar directory)' \
'--format=[How the backup is written]:FORMAT:(plain custom tar directory)' \
'-Z+[\`none\`, \`gzip\` or \`zstd\`, with \`\:LEVEL\` behind it or not, or a level of gzip; a plain backup is packed while it is written, and called \`.gz\` or \`.zst\`]:METHOD:_default' \
'--compress=[\`none\`, \`gzip\` or \`zstd\`, with \`\:LEVEL\` behind it or not, or a level of gzip; a plain backup is packed while it is written, and called \`.gz\` or \`.zst\`]:METHOD:_default' \
'-j+[How many tables pg_dump takes at once into a folder \[default\: the number of processors\]. Beside pg_dump, as many connections read the source as it leaves processors, at least one]:NUMBER:_default' \
'--jobs=[How many tables pg_dump takes at once into a folder \[default\: the number of processors\]. Beside pg_dump, as many connections read the source as it leaves processors, at least one]:NUMBER:_default' \
'*--assert=[Ask the source a query of one value and record the answer, for a restored copy to give the same. Names need their schema\: the search path is empty]:SQL:_default' \
'--on-success=[Run a program when all went well; its standard input is the result as JSON, its environment has PGDUMP_TAKE_OUTCOME and PGDUMP_TAKE_FILES]:PROGRAM:_files' \
'--on-failure=[Run a program when anything did not, in the same way]:PROGRAM:_files' \
'--ping=[Tell a dead-man switch, such as healthchecks\: the URL is asked for when all went well, with \`/start\` behind it at the beginning and \`/fail\` otherwise]:URL:_default' \
'--prom=[Write the result for Prometheus'\'' textfile collector]:FILE:_files' \
'--keep-last=[Keep the newest of all]:NUMBER:_default' \
'--keep-daily=[Keep the newest of each day, of so many days that have any; days are those of UTC]:NUMBER:_default' \
'--keep-weekly=[Keep the newest of each ISO week]:NUMBER:_default' \
'--keep-monthly=[Keep the newest of each month]:NUMBER:_default' \
'--keep-yearly=[Keep the newest of each year]:NUMBER:_default' \
'--max-age=[Keep nothing older, such as \`36h\` or \`30d\`, but for the newest and the last verified]:DURATION:_default' \
'--max-bytes=[Keep no more bytes altogether, such as \`200GB\` or \`1.5TiB\`, but for the newest and the last verified; the oldest go first]:BYTES:_default' \
'-h+[The server'\''s host name or the folder of its socket]:HOST:_default' \
'--host=[The server'\''s host name or the folder of its socket]:HOST:_default' \
'-p+[The server'\''s port]:PORT:_default' \
'--port=[The server'\''s port]:PORT:_default' \
'-U+[The role to connect as]:NAME:_default' \
'--username=[The role to connect as]:NAME:_default' \
'-d+[The database, a URL or a connection string]:DBNAME:_default' \
'--dbname=[The database, a URL or a connection string]:DBNAME:_default' \
'*-e+[Dump these extensions only]:PATTERN:_default' \
'*--extension=[Dump these extensions only]:PATTERN:_default' \
'*-E+[Dump the data in this encoding]:ENCODING:_default' \
'*--encoding=[Dump the data in this encoding]:ENCODING:_default' \
'*-n+[Dump these schemas only]:PATTERN:_default' \
'*--schema=[Dump these schemas only]:PATTERN:_default' \
'*-N+[Do not dump these schemas]:PATTERN:_default' \
'*--exclude-schema=[Do not dump these schemas]:PATTERN:_default' \
'*-S+[Superuser to disable triggers as]:NAME:_default' \
'*--superuser=[Superuser to disable triggers as]:NAME:_default' \
'*-t+[Dump these tables only]:PATTERN:_default' \
'*--table=[Dump these tables only]:PATTERN:_default' \
'*-T+[Do not dump these tables]:PATTERN:_default' \
'*--exclude-table=[Do not dump these tables]:PATTERN:_default' \
'*--exclude-extension=[Do not dump these extensions]:PATTERN:_default' \
'*--exclude-table-and-children=[Do not dump these tables, nor their children]:PATTERN:_default' \
'*--exclude-table-data=[Do not dump the rows of these tables]:PATTERN:_default' \
'*--exclude-table-data-and-children=[Nor the rows of their children]:PATTERN:_default' \
'*--extra-float-digits=[Set \`extra_float_digits\`]:NUMBER:_default' \
'*--filter=[Include or exclude what the file says]:FILE:_default' \
'*--include-foreign-data=[Include the rows of these servers'\'' foreign tables]:PATTERN:_default' \
'*--lock-wait-timeout=[Fail after waiting so long for a lock]:TIMEOUT:_default' \
'*--rows-per-insert=[Rows of one INSERT]:NUMBER:_default' \
'*--section=[Dump this section only]:SECTION:_default' \
'*--table-and-children=[Dump these tables and their children only]:PATTERN:_default' \
'--help[Print help]' \
'--content[Compare and record the content of all rows and large objects, not only their number]' \
'(--pg-dumpall)--all[All databases of the server, each on its own, and what belongs to the cluster]' \
'(--assert --content)--pg-dumpall[All databases in one plain file, by pg_dumpall, which takes no snapshot to compare with]' \
'--no-role-passwords[Leave the hashes of passwords out of what pg_dumpall writes, which only a superuser may read]' \
'--then-verify[Verify what was taken with \`pgdump-verify\`, which has to be beside this program or in \`PATH\`]' \
'--dry-run[Take nothing; say what would be removed, and why]' \
'--json[Print JSON]' \
'--require-verified[Count only backups that \`pgdump-verify\` has passed; what is newer than these stays, and so does everything where there is none]' \
'(-w --no-password)-W[Ask for a password before connecting]' \
'(-w --no-password)--password[Ask for a password before connecting]' \
'-w[Never ask for a password]' \
'--no-password[Never ask for a password]' \
'-a[Dump only the data]' \
'--data-only[Dump only the data]' \
'-b[Include large objects]' \
'--large-objects[Include large objects]' \
'--blobs[The same under its older name]' \
'-B[Exclude large objects]' \
'--no-large-objects[Exclude large objects]' \
'--no-blobs[The same under its older name]' \
'-c[Drop objects before they are created]' \
'--clean[Drop objects before they are created]' \
'-C[Include the commands that create the database]' \
'--create[Include the commands that create the database]' \
'-O[Leave owners out]' \
'--no-owner[Leave owners out]' \
'-s[Dump only the schema]' \
'--schema-only[Dump only the schema]' \
'-x[Leave privileges out]' \
'--no-privileges[Leave privileges out]' \
'--column-inserts[Rows as INSERT with column names]' \
'--disable-dollar-quoting[Quote as the SQL standard does]' \
'--disable-triggers[Disable triggers during a restore of data only]' \
'--if-exists[Drop objects with IF EXISTS]' \
'--inserts[Rows as INSERT]' \
'--load-via-partition-root[Load partitions through their root]' \
'--no-comments[Leave comments out]' \
'--no-data[Leave data out]' \
'--no-policies[Leave row security policies out]' \
'--no-publications[Leave publications out]' \
'--no-schema[Leave the schema out]' \
'--no-security-labels[Leave security labels out]' \
'--no-statistics[Leave the planner'\''s statistics out]' \
'--no-subscriptions[Leave subscriptions out]' \
'--no-table-access-method[Leave table access methods out]' \
'--no-tablespaces[Leave tablespaces out]' \
'--no-toast-compression[Leave TOAST compression methods out]' \
'--no-unlogged-table-data[Leave the rows of unlogged tables out]' \
'--on-conflict-do-nothing[INSERT with ON CONFLICT DO NOTHING]' \
'--quote-all-identifiers[Quote all names]' \
'--sequence-data[Include the values of sequences where no data is dumped]' \
'--statistics[Include the planner'\''s statistics]' \
'--statistics-only[Dump only the planner'\''s statistics]' \
'--strict-names[Fail if a pattern of tables or schemas finds nothing]' \
'--use-set-session-authorization[Set owners by SET SESSION AUTHORIZATION]' \
'-V[Print version]' \
'--version[Print version]' \
'::database -- The database, a URL or a connection string, as `-d`:_default' \
":: :_pgdump-take_commands" \
"*::: :->pgdump-take" \
&& ret=0
    case $state in
    (pgdump-take)
        words=($line[2] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pgdump-take-command-$line[2]:"
        case $line[2] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--keep-last=[Keep the newest of all]:NUMBER:_default' \
'--keep-daily=[Keep the newest of each day, of so many days that have any; days are those of UTC]:NUMBER:_default' \
'--keep-weekly=[Keep the newest of each ISO week]:NUMBER:_default' \
'--keep-monthly=[Keep the newest of each month]:NUMBER:_default' \
'--keep-yearly=[Keep the newest of each year]:NUMBER:_default' \
'--max-age=[Keep nothing older, such as \`36h\` or \`30d\`, but for the newest and the last verified]:DURATION:_default' \
'--max-bytes=[Keep no more bytes altogether, such as \`200GB\` or \`1.5TiB\`, but for the newest and the last verified; the oldest go first]:BYTES:_default' \
'--json[Print JSON, as docs/schemas/pgdump-take-list.schema.json says]' \
'--require-verified[Count only backups that \`pgdump-verify\` has passed; what is newer than these stays, and so does everything where there is none]' \
'--help[Print help]' \
':folder -- The folder of the backups, or their place in a store:_files' \
&& ret=0
;;
(schedule)
_arguments "${_arguments_options[@]}" : \
'--when=[When\: an \`OnCalendar\` of systemd; five fields or one such as \`@daily\` for the others \[default\: every night\]]:TIME:_default' \
'--name=[What the files and jobs are called; in Kubernetes also the secret with the environment, such as \`PGPASSWORD\`, and the claim of the volume]:NAME:_default' \
'(--kubernetes)--user=[The account that backups are taken as]:ACCOUNT:_default' \
'--timeout=[How many seconds a run may take, all that it verifies included; then it is ended by SIGTERM, which is told as trouble]:SECONDS:_default' \
'--image=[The image that holds pgdump-take and pg_dump]:IMAGE:_default' \
'--systemd[A service and a timer of systemd]' \
'--cron[A line of a crontab]' \
'--kubernetes[A CronJob of Kubernetes]' \
'(--kubernetes)--install[Install it\: systemd'\''s files into /etc/systemd/system, cron'\''s line into the account'\''s crontab. Only what this program wrote is replaced]' \
'--help[Print help]' \
'*::arguments -- What pgdump-take is to do\: its arguments, behind `--`. Everybody may read them\: a password belongs into ~/.pgpass:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pgdump-take__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pgdump-take-help-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(schedule)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_pgdump-take_commands] )) ||
_pgdump-take_commands() {
    local commands; commands=(
'list:List the backups in a folder\: when, what, size, rows, complete, verified, next to be removed' \
'schedule:Print or install what takes backups at regular times' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pgdump-take commands' commands "$@"
}
(( $+functions[_pgdump-take__subcmd__help_commands] )) ||
_pgdump-take__subcmd__help_commands() {
    local commands; commands=(
'list:List the backups in a folder\: when, what, size, rows, complete, verified, next to be removed' \
'schedule:Print or install what takes backups at regular times' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pgdump-take help commands' commands "$@"
}
(( $+functions[_pgdump-take__subcmd__help__subcmd__help_commands] )) ||
_pgdump-take__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-take help help commands' commands "$@"
}
(( $+functions[_pgdump-take__subcmd__help__subcmd__list_commands] )) ||
_pgdump-take__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-take help list commands' commands "$@"
}
(( $+functions[_pgdump-take__subcmd__help__subcmd__schedule_commands] )) ||
_pgdump-take__subcmd__help__subcmd__schedule_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-take help schedule commands' commands "$@"
}
(( $+functions[_pgdump-take__subcmd__list_commands] )) ||
_pgdump-take__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-take list commands' commands "$@"
}
(( $+functions[_pgdump-take__subcmd__schedule_commands] )) ||
_pgdump-take__subcmd__schedule_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-take schedule commands' commands "$@"
}

if [ "$funcstack[1]" = "_pgdump-take" ]; then
    _pgdump-take "$@"
else
    compdef _pgdump-take pgdump-take
fi
