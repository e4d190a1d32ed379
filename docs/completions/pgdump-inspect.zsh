#compdef pgdump-inspect

autoload -U is-at-least

_pgdump-inspect() {
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
'--json[Print JSON]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'::dump -- The backup, of any format\: a file or folder, `s3\://`, `gs\://` or `az\://` and its name in a store, or `-` for standard input:_files' \
&& ret=0
}

(( $+functions[_pgdump-inspect_commands] )) ||
_pgdump-inspect_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-inspect commands' commands "$@"
}

if [ "$funcstack[1]" = "_pgdump-inspect" ]; then
    _pgdump-inspect "$@"
else
    compdef _pgdump-inspect pgdump-inspect
fi
