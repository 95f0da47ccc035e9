// SPDX-License-Identifier: Apache-2.0

// Package content takes the content of one request from the client to an endpoint, and to another one if that did
// nothing with it. An [Upload] gathers it, finds out its length, sends it and keeps what may have to be sent again.
// Long contents of requests and of responses are spliced. A [Whole] is the content of an answer to a request of the
// proxy's own.
//
// It sends no head, chooses no endpoint and ends no connection. Of an exchange it knows the guard.
//
// Read in this order: upload.go (sending content), gathered.go (content that waits to be whole), measure.go (how long
// it is), kept.go (content for another attempt), tee.go (a copy for somebody else), whole.go (an answer that is
// gathered), splice.go (moving content within the kernel), conversation.go (both sides talking at once), drain.go
// (content that nobody wants).
package content
