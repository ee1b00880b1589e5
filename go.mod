module github.com/seed4b20689c/myaccount

go 1.26.0

require (
	github.com/hashicorp/go-memdb v1.3.5
	golang.org/x/crypto v0.58.0
)

require (
	github.com/hashicorp/go-immutable-radix v1.3.1 // indirect
	github.com/hashicorp/golang-lru v0.5.4 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
