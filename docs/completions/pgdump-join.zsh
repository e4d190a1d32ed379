#compdef pgdump-join

autoload -U is-at-least

_pgdump-join() {
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
'--no-restrict[Leave out \`\\restrict\` and \`\\unrestrict\`, which drivers and older psqls do not know]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':tree -- The tree:_files' \
&& ret=0
}

(( $+functions[_pgdump-join_commands] )) ||
_pgdump-join_commands() {
    local commands; commands=()
    _describe -t commands 'pgdump-join commands' commands "$@"
}

if [ "$funcstack[1]" = "_pgdump-join" ]; then
    _pgdump-join "$@"
else
    compdef _pgdump-join pgdump-join
fi
