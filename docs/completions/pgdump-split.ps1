
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'pgdump-split' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'pgdump-split'
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
        'pgdump-split' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The folder of the tree; made where it is missing')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The folder of the tree; made where it is missing')
            [CompletionResult]::new('--partitions', '--partitions', [CompletionResultType]::ParameterName, 'Where partitions go')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Keep the data of the tables, sequences and matviews that match the pattern, rows in a stable order (may be given several times)')
            [CompletionResult]::new('--database', '--database', [CompletionResultType]::ParameterName, 'Take only this database of a dump that holds several')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Take only the schemas that match the pattern (may be given several times)')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Take only the schemas that match the pattern (may be given several times)')
            [CompletionResult]::new('-N', '-N ', [CompletionResultType]::ParameterName, 'Leave out the schemas that match the pattern')
            [CompletionResult]::new('--exclude-schema', '--exclude-schema', [CompletionResultType]::ParameterName, 'Leave out the schemas that match the pattern')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Take only the tables, views and sequences that match the pattern')
            [CompletionResult]::new('--table', '--table', [CompletionResultType]::ParameterName, 'Take only the tables, views and sequences that match the pattern')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Leave out the tables, views and sequences that match the pattern')
            [CompletionResult]::new('--exclude-table', '--exclude-table', [CompletionResultType]::ParameterName, 'Leave out the tables, views and sequences that match the pattern')
            [CompletionResult]::new('--keep-secrets', '--keep-secrets', [CompletionResultType]::ParameterName, 'Keep passwords, connection strings and password hashes instead of placeholders')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Write nothing; exit with 1 if the tree is out of date')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Write nothing; print what would change')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Remove files also where the tree was made with other options, or more than half of it goes')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'Write nothing; print which file each object goes to')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
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
