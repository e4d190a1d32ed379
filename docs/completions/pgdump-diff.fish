complete -c pgdump-diff -l format -d 'The form of the report; by default that of the file\'s name, else text' -r -f -a "text\t'For people, on a terminal'
json\t'For programs, as docs/schemas/pgdump-diff.schema.json says'
markdown\t'For a comment on a pull request: at most 65,536 characters'
html\t'One page that needs nothing else'
unified\t'Canonical text, object by object, as `git diff` writes it'
github\t'Workflow commands, which GitHub shows beside the lines'
sarif\t'SARIF 2.1.0, for code scanning'
junit\t'JUnit\'s XML: breaking and destructive changes are failures'"
complete -c pgdump-diff -s o -l output -d 'Write the report to a file, which stays as it was if there is trouble' -r -F
complete -c pgdump-diff -l report -d 'Write one more report, in the form that the file\'s name says (.txt .json .md .html .diff .sarif .xml) or as FORMAT:FILE (may be given several times)' -r
complete -c pgdump-diff -l color -d 'Whether to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pgdump-diff -l database -d 'Take only this database of a dump that holds several' -r
complete -c pgdump-diff -s n -l schema -d 'Take only the schemas that match the pattern (may be given several times)' -r
complete -c pgdump-diff -s N -l exclude-schema -d 'Leave out the schemas that match the pattern' -r
complete -c pgdump-diff -s t -l table -d 'Take only the tables, views and sequences that match the pattern' -r
complete -c pgdump-diff -s T -l exclude-table -d 'Leave out the tables, views and sequences that match the pattern' -r
complete -c pgdump-diff -l allow-unclassified -d 'Take statements that are not understood as compared when their texts were'
complete -c pgdump-diff -l json -d 'Short for `--format json`'
complete -c pgdump-diff -l stat -d 'Print the numbers of changes only, by kind of object'
complete -c pgdump-diff -s O -l no-owner -d 'Leave out who owns what'
complete -c pgdump-diff -s x -l no-privileges -d 'Leave out grants and revokes'
complete -c pgdump-diff -l no-comments -d 'Leave out comments'
complete -c pgdump-diff -l no-security-labels -d 'Leave out security labels'
complete -c pgdump-diff -l no-tablespaces -d 'Leave out tablespaces'
complete -c pgdump-diff -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pgdump-diff -s V -l version -d 'Print version'
