// Package buffer lends memory to connections. It knows nothing of what is put into it.
package buffer
