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
'--level=[How much is proved]:LEVEL:((file\:"The file alone, without a server\: its structure is complete, every row has its columns and its encoding"
restore\:"The backup is restored, and every table compared with it by count and content"
full\:"Also, what \`pg_dump\` writes of the restored schema is compared with the backup\: definitions, owners, privileges, comments"))' \
'-j+[How many connections load rows, build indexes and compare \[default\: the number of processors\]]:NUMBER:_default' \
'--jobs=[How many connections load rows, build indexes and compare \[default\: the number of processors\]]:NUMBER:_default' \
'--pg-bindir=[The folder of the server programs (\`initdb\`, \`postgres\`) to restore with \[default\: a server of the backup'\''s major version, else a newer one\]]:FOLDER:_files' \
'--timeout=[Give up after this many seconds, which is no verdict on the backup]:SECONDS:_default' \
'*--assert=[Ask the restored database a query of one value; \`--equals\` says which. The role that asks is no superuser and writes nothing]:SQL:_default' \
'*--equals=[The value that the query of the \`--assert\` at the same place should return, as text; \`NULL\` for none]:VALUE:_default' \
'--trust[Let a superuser run what fails without one, such as functions in C\: only for backups of your own]' \
'--json[Print JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
':backup -- The backup, of any format, or `-` for standard input:_files' \
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
