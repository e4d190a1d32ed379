#compdef pgdump-normalize

autoload -U is-at-least

_pgdump-normalize() {
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
'-O[Leave out who owns what]' \
'--no-owner[Leave out who owns what]' \
'-x[Leave out grants and revokes]' \
'--no-privileges[Leave out grants and revokes]' \
'--no-comments[Leave out comments]' \
'--no-security-labels[Leave out security labels]' \
'--no-tablespaces[Leave out tablespaces]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'::dump -- The dump\: a plain file, or `-` for standard input:_files' \
&& ret=0
}

(( $+functions[_pgdump-normalize_commands] )) ||
_pgdump-normalize_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-normalize commands' commands "$@"
}

if [ "$funcstack[1]" = "_pgdump-normalize" ]; then
    _pgdump-normalize "$@"
else
    compdef _pgdump-normalize pgdump-normalize
fi
