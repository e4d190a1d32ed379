complete -c pgdump-verify -l level -d 'How much is proved' -r -f -a "file\t'The file alone, without a server: its structure is complete, every row has its columns and its encoding'
restore\t'The backup is restored, and every table compared with it by count and content'
full\t'Also, what `pg_dump` writes of the restored schema is compared with the backup: definitions, owners, privileges, comments'"
complete -c pgdump-verify -s j -l jobs -d 'How many connections load rows, build indexes and compare [default: the number of processors]' -r
complete -c pgdump-verify -l pg-bindir -d 'The folder of the server programs (`initdb`, `postgres`) to restore with [default: a server of the backup\'s major version, else a newer one]' -r -F
complete -c pgdump-verify -l timeout -d 'Give up after this many seconds, which is no verdict on the backup' -r
complete -c pgdump-verify -l assert -d 'Ask the restored database a query of one value; `--equals` says which. The role that asks is no superuser and writes nothing' -r
complete -c pgdump-verify -l equals -d 'The value that the query of the `--assert` at the same place should return, as text; `NULL` for none' -r
complete -c pgdump-verify -l trust -d 'Let a superuser run what fails without one, such as functions in C: only for backups of your own'
complete -c pgdump-verify -l json -d 'Print JSON'
complete -c pgdump-verify -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pgdump-verify -s V -l version -d 'Print version'
