#compdef pgdump-split

autoload -U is-at-least

_pgdump-split() {
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
'-o+[The folder of the tree; made where it is missing]:DIR:_files' \
'--out=[The folder of the tree; made where it is missing]:DIR:_files' \
'--partitions=[Where partitions go]:PARTITIONS:((separate\:"Each in a file of its own"
with-parent\:"In the file of the table that they are partitions of"
omit\:"Nowhere"))' \
'*--data=[Keep the data of the tables, sequences and matviews that match the pattern, rows in a stable order (may be given several times)]:PATTERN:_default' \
'--database=[Take only this database of a dump that holds several]:NAME:_default' \
'*-n+[Take only the schemas that match the pattern (may be given several times)]:PATTERN:_default' \
'*--schema=[Take only the schemas that match the pattern (may be given several times)]:PATTERN:_default' \
'*-N+[Leave out the schemas that match the pattern]:PATTERN:_default' \
'*--exclude-schema=[Leave out the schemas that match the pattern]:PATTERN:_default' \
'*-t+[Take only the tables, views and sequences that match the pattern]:PATTERN:_default' \
'*--table=[Take only the tables, views and sequences that match the pattern]:PATTERN:_default' \
'*-T+[Leave out the tables, views and sequences that match the pattern]:PATTERN:_default' \
'*--exclude-table=[Leave out the tables, views and sequences that match the pattern]:PATTERN:_default' \
'--keep-secrets[Keep passwords, connection strings and password hashes instead of placeholders]' \
'(--dry-run --list)--check[Write nothing; exit with 1 if the tree is out of date]' \
'(--list)--dry-run[Write nothing; print what would change]' \
'(--check --dry-run --list)--force[Remove files also where the tree was made with other options, or more than half of it goes]' \
'--list[Write nothing; print which file each object goes to]' \
'--json[Print JSON]' \
'-O[Leave out who owns what]' \
'--no-owner[Leave out who owns what]' \
'-x[Leave out grants and revokes]' \
'--no-privileges[Leave out grants and revokes]' \
'--no-comments[Leave out comments]' \
'--no-security-labels[Leave out security labels]' \
'--no-tablespaces[Leave out tablespaces]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::dump -- The dump\: a plain file, or `-` for standard input:_files' \
&& ret=0
}

(( $+functions[_pgdump-split_commands] )) ||
_pgdump-split_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-split commands' commands "$@"
}

if [ "$funcstack[1]" = "_pgdump-split" ]; then
    _pgdump-split "$@"
else
    compdef _pgdump-split pgdump-split
fi
