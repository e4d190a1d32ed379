complete -c pgdump-normalize -l data -d 'Keep the data of the tables, sequences and matviews that match the pattern, rows in a stable order (may be given several times)' -r
complete -c pgdump-normalize -l database -d 'Take only this database of a dump that holds several' -r
complete -c pgdump-normalize -s n -l schema -d 'Take only the schemas that match the pattern (may be given several times)' -r
complete -c pgdump-normalize -s N -l exclude-schema -d 'Leave out the schemas that match the pattern' -r
complete -c pgdump-normalize -s t -l table -d 'Take only the tables, views and sequences that match the pattern' -r
complete -c pgdump-normalize -s T -l exclude-table -d 'Leave out the tables, views and sequences that match the pattern' -r
complete -c pgdump-normalize -l keep-secrets -d 'Keep passwords, connection strings and password hashes instead of placeholders'
complete -c pgdump-normalize -s O -l no-owner -d 'Leave out who owns what'
complete -c pgdump-normalize -s x -l no-privileges -d 'Leave out grants and revokes'
complete -c pgdump-normalize -l no-comments -d 'Leave out comments'
complete -c pgdump-normalize -l no-security-labels -d 'Leave out security labels'
complete -c pgdump-normalize -l no-tablespaces -d 'Leave out tablespaces'
complete -c pgdump-normalize -s h -l help -d 'Print help'
complete -c pgdump-normalize -s V -l version -d 'Print version'
