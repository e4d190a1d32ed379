complete -c pgdump-diff -l git -d 'Take the arguments that git gives an external diff, as the last option; exit with 0 whether there are differences or not, as git wants it' -r
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
complete -c pgdump-diff -l severity -d 'Give a rule another severity: info, safe, breaking, destructive, or ignore (may be given several times)' -r
complete -c pgdump-diff -l ignore -d 'Leave out what matches the pattern, such as `app.tmp_*` or `index:app.*_old` (may be given several times)' -r
complete -c pgdump-diff -l accept-rename -d 'Take what went as what came under another name, such as `app.users=app.accounts` or `app.users.mail=email`' -r
complete -c pgdump-diff -l fail-on -d 'Exit with 1 only if a change is at least this bad: info, safe, breaking or destructive' -r
complete -c pgdump-diff -l config -d 'Read settings from a TOML file; what is said here counts more' -r -F
complete -c pgdump-diff -l database -d 'Take only this database of a dump that holds several' -r
complete -c pgdump-diff -s n -l schema -d 'Take only the schemas that match the pattern (may be given several times)' -r
complete -c pgdump-diff -s N -l exclude-schema -d 'Leave out the schemas that match the pattern' -r
complete -c pgdump-diff -s t -l table -d 'Take only the tables, views and sequences that match the pattern' -r
complete -c pgdump-diff -s T -l exclude-table -d 'Leave out the tables, views and sequences that match the pattern' -r
complete -c pgdump-diff -l trust-exit-code -d 'With `--git`: exit with 1 for differences all the same, for git\'s `diff.trustExitCode`'
complete -c pgdump-diff -l rows -d 'Compare the rows too, by number and hash for each table, with sequence values and large objects'
complete -c pgdump-diff -l allow-unclassified -d 'Take statements that are not understood as compared when their texts were'
complete -c pgdump-diff -l json -d 'Short for `--format json`'
complete -c pgdump-diff -l stat -d 'Print the numbers of changes only, by kind of object'
complete -c pgdump-diff -l rules -d 'List the rules with their severities, and do nothing else'
complete -c pgdump-diff -s O -l no-owner -d 'Leave out who owns what'
complete -c pgdump-diff -s x -l no-privileges -d 'Leave out grants and revokes'
complete -c pgdump-diff -l no-comments -d 'Leave out comments'
complete -c pgdump-diff -l no-security-labels -d 'Leave out security labels'
complete -c pgdump-diff -l no-tablespaces -d 'Leave out tablespaces'
complete -c pgdump-diff -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pgdump-diff -s V -l version -d 'Print version'
