complete -c pgdump-inspect -l json -d 'Print JSON'
complete -c pgdump-inspect -s h -l help -d 'Print help'
complete -c pgdump-inspect -s V -l version -d 'Print version'
