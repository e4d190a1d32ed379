#compdef pgdump-diff

autoload -U is-at-least

_pgdump-diff() {
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
'()*--git=[Take the arguments that git gives an external diff, as the last option; exit with 0 whether there are differences or not, as git wants it]:ARGUMENT:_default' \
'--database=[Take only this database of a dump that holds several]:NAME:_default' \
'*-n+[Take only the schemas that match the pattern (may be given several times)]:PATTERN:_default' \
'*--schema=[Take only the schemas that match the pattern (may be given several times)]:PATTERN:_default' \
'*-N+[Leave out the schemas that match the pattern]:PATTERN:_default' \
'*--exclude-schema=[Leave out the schemas that match the pattern]:PATTERN:_default' \
'*-t+[Take only the tables, views and sequences that match the pattern]:PATTERN:_default' \
'*--table=[Take only the tables, views and sequences that match the pattern]:PATTERN:_default' \
'*-T+[Leave out the tables, views and sequences that match the pattern]:PATTERN:_default' \
'*--exclude-table=[Leave out the tables, views and sequences that match the pattern]:PATTERN:_default' \
'--trust-exit-code[With \`--git\`\: exit with 1 for differences all the same, for git'\''s \`diff.trustExitCode\`]' \
'(--stat)--json[Print JSON]' \
'--stat[Print the numbers of changes only]' \
'--rows[Compare the rows too, by number and hash for each table, with sequence values and large objects]' \
'--allow-unclassified[Take statements that are not understood as compared when their texts were]' \
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
'::old -- The dump as it was\: a file of any format, a tree, `-` for standard input, `/dev/null` for no schema, `REV\:PATH` or `\:PATH` of the git repository one stands in, or a database to run `pg_dump --schema-only` on\: a URL or `service=NAME`, `dbname=NAME` …:_default' \
'::new -- The dump as it is now, named in the same ways:_default' \
&& ret=0
}

(( $+functions[_pgdump-diff_commands] )) ||
_pgdump-diff_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-diff commands' commands "$@"
}

if [ "$funcstack[1]" = "_pgdump-diff" ]; then
    _pgdump-diff "$@"
else
    compdef _pgdump-diff pgdump-diff
fi
