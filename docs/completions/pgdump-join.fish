complete -c pgdump-join -l no-restrict -d 'Leave out `\\restrict` and `\\unrestrict`, which drivers and older psqls do not know'
complete -c pgdump-join -s h -l help -d 'Print help'
complete -c pgdump-join -s V -l version -d 'Print version'
