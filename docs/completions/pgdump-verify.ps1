
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'pgdump-verify' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'pgdump-verify'
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
        'pgdump-verify' {
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'How much is proved')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many connections load rows, build indexes and compare [default: the number of processors]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many connections load rows, build indexes and compare [default: the number of processors]')
            [CompletionResult]::new('--pg-bindir', '--pg-bindir', [CompletionResultType]::ParameterName, 'The folder of the server programs (`initdb`, `postgres`) to restore with [default: a server of the backup''s major version, else a newer one]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after this many seconds, which is no verdict on the backup')
            [CompletionResult]::new('--assert', '--assert', [CompletionResultType]::ParameterName, 'Ask the restored database a query of one value; `--equals` says which. The role that asks is no superuser and writes nothing')
            [CompletionResult]::new('--equals', '--equals', [CompletionResultType]::ParameterName, 'The value that the query of the `--assert` at the same place should return, as text; `NULL` for none')
            [CompletionResult]::new('--trust', '--trust', [CompletionResultType]::ParameterName, 'Let a superuser run what fails without one, such as functions in C: only for backups of your own')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
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
