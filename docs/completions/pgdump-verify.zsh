#compdef pgdump-verify

autoload -U is-at-least

_pgdump-verify() {
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
'()--dir=[Verify every backup in a folder\: what is one by its content or, if it is damaged, by its name (.sql .dump .backup …, compressed or not). Folders in it are not entered, but for archives in the directory format. That there is none is as bad as a bad one]:FOLDER:_files' \
'--max-age=[How old the newest backup of each database may be, such as \`26h\` or \`7d\`; an older one is as bad as a bad one]:DURATION:_default' \
'--min-rows=[How many rows the backup has to hold at least, all tables together; one that holds fewer is bad]:NUMBER:_default' \
'--level=[How much is proved]:LEVEL:((file\:"The file alone, without a server\: its structure is complete, every row has its columns and its encoding"
restore\:"The backup is restored, and every table compared with it by count and content"
full\:"Also, what \`pg_dump\` writes of the restored schema is compared with the backup\: definitions, owners, privileges, comments"))' \
'-j+[How many connections load rows, build indexes and compare \[default\: the number of processors\]]:NUMBER:_default' \
'--jobs=[How many connections load rows, build indexes and compare \[default\: the number of processors\]]:NUMBER:_default' \
'--pg-bindir=[The folder of the server programs (\`initdb\`, \`postgres\`) to restore with \[default\: a server of the backup'\''s major version, else a newer one\]]:FOLDER:_files' \
'--globals=[A file of \`pg_dumpall --globals-only\` or \`--roles-only\`\: its roles are made before the backup is restored, without passwords; roles that it does not name are made up as without it]:FILE:_files' \
'(--pg-bindir --trust --globals)--server=[Restore into a database of this server, a URL or connection string, instead of a private server\: it is made, named and commented as ours, and removed. Needs a role that may create databases; nothing runs as a superuser]:URL:_default' \
'--keep=[Leave the restored database under this name and print how to connect; a private server is left running. On a given server the name must be free, or be that of an empty database, whose place it takes]:NAME:_default' \
'--timeout=[Give up on a backup after this many seconds, reading and restoring included, which is no verdict on it]:SECONDS:_default' \
'*--assert=[Ask the restored database a query of one value; \`--equals\` says which. The role that asks is no superuser and writes nothing]:SQL:_default' \
'*--equals=[The value that the query of the \`--assert\` at the same place should return, as text; \`NULL\` for none]:VALUE:_default' \
'--manifest=[Compare the backup with what this manifest says that its source held \[default\: the one beside the backup, as \`shop.dump.manifest.json\`, if it is there\]. That a backup was verified with the one beside it, at level \`restore\` or \`full\`, is recorded beside both, as \`shop.dump.verified.json\`; the record of a bad one is removed]:FILE:_files' \
'--against=[Compare the backup with what its source holds now\: a URL, a connection string or the name of a database. Every difference is one of the backup (exit code 1), though the source may have moved on since. Nothing is written there]:URL:_default' \
'*--report=[Write one more report, in the form that the file'\''s name says\: .json, .html (one page that needs nothing else), .md (at most 65,536 characters), .xml (JUnit), .prom (for Prometheus'\'' textfile collector); may be given several times. It is written after trouble too, and says so]:FILE:_default' \
'--color=[Whether to use colours]:WHEN:(auto always never)' \
'()--newest[Of a folder only the newest backup of each database, by the time that an archive holds, else by the file'\''s. The database is that of the manifest beside it, else of the archive'\''s header, else its name without the time in it]' \
'--trust[Let a superuser run what fails without one, such as functions in C\: only for backups of your own]' \
'--content[With \`--against\`, compare the content of all rows, not only their number]' \
'(-w --no-password)-W[Ask for a password before connecting]' \
'(-w --no-password)--password[Ask for a password before connecting]' \
'-w[Never ask for a password]' \
'--no-password[Never ask for a password]' \
'(--dir)--reap[Remove what runs that were killed left behind, servers and folders, with \`--server\` its databases and roles as well, and list it; no backup is verified]' \
'--json[Print JSON, as docs/schemas/pgdump-verify.schema.json says]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::backups -- The backups, of any format\: files, folders, `s3\://`, `gs\://` or `az\://` and a name in a store, or `-` for standard input:_files' \
&& ret=0
}

(( $+functions[_pgdump-verify_commands] )) ||
_pgdump-verify_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-verify commands' commands "$@"
}

if [ "$funcstack[1]" = "_pgdump-verify" ]; then
    _pgdump-verify "$@"
else
    compdef _pgdump-verify pgdump-verify
fi
