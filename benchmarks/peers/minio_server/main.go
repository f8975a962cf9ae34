//go:build tools

// Package minio pins the server that bench_storage.py builds; nothing of it is linked into anything of ours.
package minio

import _ "github.com/minio/minio"
