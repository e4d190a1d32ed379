complete -c pgdump-verify -l dir -d 'Verify every backup in a folder: what is one by its content or, if it is damaged, by its name (.sql .dump .backup …, compressed or not). Folders in it are not entered, but for archives in the directory format. That there is none is as bad as a bad one' -r -F
complete -c pgdump-verify -l max-age -d 'How old the newest backup of each database may be, such as `26h` or `7d`; an older one is as bad as a bad one' -r
complete -c pgdump-verify -l min-rows -d 'How many rows the backup has to hold at least, all tables together; one that holds fewer is bad' -r
complete -c pgdump-verify -l level -d 'How much is proved' -r -f -a "file\t'The file alone, without a server: its structure is complete, every row has its columns and its encoding'
restore\t'The backup is restored, and every table compared with it by count and content'
full\t'Also, what `pg_dump` writes of the restored schema is compared with the backup: definitions, owners, privileges, comments'"
complete -c pgdump-verify -s j -l jobs -d 'How many connections load rows, build indexes and compare [default: the number of processors]' -r
complete -c pgdump-verify -l pg-bindir -d 'The folder of the server programs (`initdb`, `postgres`) to restore with [default: a server of the backup\'s major version, else a newer one]' -r -F
complete -c pgdump-verify -l globals -d 'A file of `pg_dumpall --globals-only` or `--roles-only`: its roles are made before the backup is restored, without passwords; roles that it does not name are made up as without it' -r -F
complete -c pgdump-verify -l server -d 'Restore into a database of this server, a URL or connection string, instead of a private server: it is made, named and commented as ours, and removed. Needs a role that may create databases; nothing runs as a superuser' -r
complete -c pgdump-verify -l keep -d 'Leave the restored database under this name and print how to connect; a private server is left running. On a given server the name must be free, or be that of an empty database, whose place it takes' -r
complete -c pgdump-verify -l timeout -d 'Give up on a backup after this many seconds, reading and restoring included, which is no verdict on it' -r
complete -c pgdump-verify -l assert -d 'Ask the restored database a query of one value; `--equals` says which. The role that asks is no superuser and writes nothing' -r
complete -c pgdump-verify -l equals -d 'The value that the query of the `--assert` at the same place should return, as text; `NULL` for none' -r
complete -c pgdump-verify -l manifest -d 'Compare the backup with what this manifest says that its source held [default: the one beside the backup, as `shop.dump.manifest.json`, if it is there]. That a backup was verified with the one beside it, at level `restore` or `full`, is recorded beside both, as `shop.dump.verified.json`; the record of a bad one is removed' -r -F
complete -c pgdump-verify -l against -d 'Compare the backup with what its source holds now: a URL, a connection string or the name of a database. Every difference is one of the backup (exit code 1), though the source may have moved on since. Nothing is written there' -r
complete -c pgdump-verify -l report -d 'Write one more report, in the form that the file\'s name says: .json, .html (one page that needs nothing else), .md (at most 65,536 characters), .xml (JUnit), .prom (for Prometheus\' textfile collector); may be given several times. It is written after trouble too, and says so' -r
complete -c pgdump-verify -l color -d 'Whether to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pgdump-verify -l newest -d 'Of a folder only the newest backup of each database, by the time that an archive holds, else by the file\'s. The database is that of the manifest beside it, else of the archive\'s header, else its name without the time in it'
complete -c pgdump-verify -l trust -d 'Let a superuser run what fails without one, such as functions in C: only for backups of your own'
complete -c pgdump-verify -l content -d 'With `--against`, compare the content of all rows, not only their number'
complete -c pgdump-verify -s W -l password -d 'Ask for a password before connecting'
complete -c pgdump-verify -s w -l no-password -d 'Never ask for a password'
complete -c pgdump-verify -l reap -d 'Remove what runs that were killed left behind, servers and folders, with `--server` its databases and roles as well, and list it; no backup is verified'
complete -c pgdump-verify -l json -d 'Print JSON, as docs/schemas/pgdump-verify.schema.json says'
complete -c pgdump-verify -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pgdump-verify -s V -l version -d 'Print version'
