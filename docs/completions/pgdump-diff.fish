complete -c pgdump-diff -l git -d 'Take the arguments that git gives an external diff, as the last option; exit with 0 whether there are differences or not, as git wants it' -r
complete -c pgdump-diff -l database -d 'Take only this database of a dump that holds several' -r
complete -c pgdump-diff -s n -l schema -d 'Take only the schemas that match the pattern (may be given several times)' -r
complete -c pgdump-diff -s N -l exclude-schema -d 'Leave out the schemas that match the pattern' -r
complete -c pgdump-diff -s t -l table -d 'Take only the tables, views and sequences that match the pattern' -r
complete -c pgdump-diff -s T -l exclude-table -d 'Leave out the tables, views and sequences that match the pattern' -r
complete -c pgdump-diff -l trust-exit-code -d 'With `--git`: exit with 1 for differences all the same, for git\'s `diff.trustExitCode`'
complete -c pgdump-diff -l json -d 'Print JSON'
complete -c pgdump-diff -l stat -d 'Print the numbers of changes only'
complete -c pgdump-diff -l rows -d 'Compare the rows too, by number and hash for each table, with sequence values and large objects'
complete -c pgdump-diff -l allow-unclassified -d 'Take statements that are not understood as compared when their texts were'
complete -c pgdump-diff -s O -l no-owner -d 'Leave out who owns what'
complete -c pgdump-diff -s x -l no-privileges -d 'Leave out grants and revokes'
complete -c pgdump-diff -l no-comments -d 'Leave out comments'
complete -c pgdump-diff -l no-security-labels -d 'Leave out security labels'
complete -c pgdump-diff -l no-tablespaces -d 'Leave out tablespaces'
complete -c pgdump-diff -s h -l help -d 'Print help'
complete -c pgdump-diff -s V -l version -d 'Print version'
