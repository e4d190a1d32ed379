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
'--format=[The form of the report; by default that of the file'\''s name, else text]:FORMAT:((text\:"For people, on a terminal"
json\:"For programs, as docs/schemas/pgdump-diff.schema.json says"
markdown\:"For a comment on a pull request\: at most 65,536 characters"
html\:"One page that needs nothing else"
unified\:"Canonical text, object by object, as \`git diff\` writes it"
github\:"Workflow commands, which GitHub shows beside the lines"
sarif\:"SARIF 2.1.0, for code scanning"
junit\:"JUnit'\''s XML\: breaking and destructive changes are failures"))' \
'-o+[Write the report to a file, which stays as it was if there is trouble]:FILE:_files' \
'--output=[Write the report to a file, which stays as it was if there is trouble]:FILE:_files' \
'*--report=[Write one more report, in the form that the file'\''s name says (.txt .json .md .html .diff .sarif .xml) or as FORMAT\:FILE (may be given several times)]:[FORMAT:]FILE:_default' \
'--color=[Whether to use colours]:WHEN:(auto always never)' \
'*--severity=[Give a rule another severity\: info, safe, breaking, destructive, or ignore (may be given several times)]:RULE=LEVEL:_default' \
'*--ignore=[Leave out what matches the pattern, such as \`app.tmp_*\` or \`index\:app.*_old\` (may be given several times)]:[KIND:]PATTERN:_default' \
'*--accept-rename=[Take what went as what came under another name, such as \`app.users=app.accounts\` or \`app.users.mail=email\`]:OLD=NEW:_default' \
'--fail-on=[Exit with 1 only if a change is at least this bad\: info, safe, breaking or destructive]:LEVEL:_default' \
'--config=[Read settings from a TOML file; what is said here counts more]:FILE:_files' \
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
'--rows[Compare the rows too, by number and hash for each table, with sequence values and large objects]' \
'--allow-unclassified[Take statements that are not understood as compared when their texts were]' \
'(--format)--json[Short for \`--format json\`]' \
'(--format --json)--stat[Print the numbers of changes only, by kind of object]' \
'--rules[List the rules with their severities, and do nothing else]' \
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
'::old -- The dump as it was\: a file of any format, a tree, `-` for standard input, `/dev/null` for no schema, `REV\:PATH` or `\:PATH` of the git repository one stands in, `s3\://`, `gs\://` or `az\://` and its name in a store, or a database to run `pg_dump --schema-only` on\: a URL or `service=NAME`, `dbname=NAME` …:_default' \
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
