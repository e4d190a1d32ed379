
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'pgdump-diff' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'pgdump-diff'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'pgdump-diff' {
            [CompletionResult]::new('--git', '--git', [CompletionResultType]::ParameterName, 'Take the arguments that git gives an external diff, as the last option; exit with 0 whether there are differences or not, as git wants it')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the report; by default that of the file''s name, else text')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to a file, which stays as it was if there is trouble')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to a file, which stays as it was if there is trouble')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write one more report, in the form that the file''s name says (.txt .json .md .html .diff .sarif .xml) or as FORMAT:FILE (may be given several times)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether to use colours')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'Give a rule another severity: info, safe, breaking, destructive, or ignore (may be given several times)')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Leave out what matches the pattern, such as `app.tmp_*` or `index:app.*_old` (may be given several times)')
            [CompletionResult]::new('--accept-rename', '--accept-rename', [CompletionResultType]::ParameterName, 'Take what went as what came under another name, such as `app.users=app.accounts` or `app.users.mail=email`')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Exit with 1 only if a change is at least this bad: info, safe, breaking or destructive')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a TOML file; what is said here counts more')
            [CompletionResult]::new('--database', '--database', [CompletionResultType]::ParameterName, 'Take only this database of a dump that holds several')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Take only the schemas that match the pattern (may be given several times)')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Take only the schemas that match the pattern (may be given several times)')
            [CompletionResult]::new('-N', '-N ', [CompletionResultType]::ParameterName, 'Leave out the schemas that match the pattern')
            [CompletionResult]::new('--exclude-schema', '--exclude-schema', [CompletionResultType]::ParameterName, 'Leave out the schemas that match the pattern')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Take only the tables, views and sequences that match the pattern')
            [CompletionResult]::new('--table', '--table', [CompletionResultType]::ParameterName, 'Take only the tables, views and sequences that match the pattern')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Leave out the tables, views and sequences that match the pattern')
            [CompletionResult]::new('--exclude-table', '--exclude-table', [CompletionResultType]::ParameterName, 'Leave out the tables, views and sequences that match the pattern')
            [CompletionResult]::new('--trust-exit-code', '--trust-exit-code', [CompletionResultType]::ParameterName, 'With `--git`: exit with 1 for differences all the same, for git''s `diff.trustExitCode`')
            [CompletionResult]::new('--rows', '--rows', [CompletionResultType]::ParameterName, 'Compare the rows too, by number and hash for each table, with sequence values and large objects')
            [CompletionResult]::new('--allow-unclassified', '--allow-unclassified', [CompletionResultType]::ParameterName, 'Take statements that are not understood as compared when their texts were')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Short for `--format json`')
            [CompletionResult]::new('--stat', '--stat', [CompletionResultType]::ParameterName, 'Print the numbers of changes only, by kind of object')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'List the rules with their severities, and do nothing else')
            [CompletionResult]::new('-O', '-O ', [CompletionResultType]::ParameterName, 'Leave out who owns what')
            [CompletionResult]::new('--no-owner', '--no-owner', [CompletionResultType]::ParameterName, 'Leave out who owns what')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'Leave out grants and revokes')
            [CompletionResult]::new('--no-privileges', '--no-privileges', [CompletionResultType]::ParameterName, 'Leave out grants and revokes')
            [CompletionResult]::new('--no-comments', '--no-comments', [CompletionResultType]::ParameterName, 'Leave out comments')
            [CompletionResult]::new('--no-security-labels', '--no-security-labels', [CompletionResultType]::ParameterName, 'Leave out security labels')
            [CompletionResult]::new('--no-tablespaces', '--no-tablespaces', [CompletionResultType]::ParameterName, 'Leave out tablespaces')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
