complete -c pgdump-split -s o -l out -d 'The folder of the tree; made where it is missing' -r -F
complete -c pgdump-split -l partitions -d 'Where partitions go' -r -f -a "separate\t'Each in a file of its own'
with-parent\t'In the file of the table that they are partitions of'
omit\t'Nowhere'"
complete -c pgdump-split -l data -d 'Keep the data of the tables, sequences and matviews that match the pattern, rows in a stable order (may be given several times)' -r
complete -c pgdump-split -l database -d 'Take only this database of a dump that holds several' -r
complete -c pgdump-split -s n -l schema -d 'Take only the schemas that match the pattern (may be given several times)' -r
complete -c pgdump-split -s N -l exclude-schema -d 'Leave out the schemas that match the pattern' -r
complete -c pgdump-split -s t -l table -d 'Take only the tables, views and sequences that match the pattern' -r
complete -c pgdump-split -s T -l exclude-table -d 'Leave out the tables, views and sequences that match the pattern' -r
complete -c pgdump-split -l keep-secrets -d 'Keep passwords, connection strings and password hashes instead of placeholders'
complete -c pgdump-split -l check -d 'Write nothing; exit with 1 if the tree is out of date'
complete -c pgdump-split -l dry-run -d 'Write nothing; print what would change'
complete -c pgdump-split -l force -d 'Remove files also where the tree was made with other options, or more than half of it goes'
complete -c pgdump-split -l list -d 'Write nothing; print which file each object goes to'
complete -c pgdump-split -l json -d 'Print JSON'
complete -c pgdump-split -s O -l no-owner -d 'Leave out who owns what'
complete -c pgdump-split -s x -l no-privileges -d 'Leave out grants and revokes'
complete -c pgdump-split -l no-comments -d 'Leave out comments'
complete -c pgdump-split -l no-security-labels -d 'Leave out security labels'
complete -c pgdump-split -l no-tablespaces -d 'Leave out tablespaces'
complete -c pgdump-split -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pgdump-split -s V -l version -d 'Print version'
