// SPDX-License-Identifier: Apache-2.0

package heads

import "github.com/warren-dev/ingress/proxy/message"

// Limits bound what a peer can make the parser hold or look at.
type Limits struct {
	// HeadBytes bounds a head, from its first line to its empty line.
	HeadBytes int
	// LineBytes bounds the first line and each field line.
	LineBytes int
	// Fields bounds the number of field lines in a head, and again in the trailers.
	Fields int
}

// maxConnectionOptions bounds the options in Connection, because each is looked for among all fields.
const maxConnectionOptions = 32

// ErrBareLF is the refusal of LF without CR before it, and of CR without LF behind it. Whoever reads chunks refuses
// their lines for it too.
var ErrBareLF = refuse(400, "a line ends with LF alone or has CR within (RFC 9112, section 2.2)")

// The other refusals. Each value is made once, so that a refusal allocates nothing.
var (
	errRequestLine     = refuse(400, "the request line is not `method SP target SP version` (RFC 9112, section 3)")
	errMethod          = refuse(400, "the method is not a token (RFC 9110, section 9.1)")
	errTarget          = refuse(400, "the request target has a byte that must be percent-encoded, or a fragment (RFC 9112, section 3.2)")
	errTargetForm      = refuse(400, "the request target is neither a path nor an http or https URI (RFC 9112, section 3.2)")
	errTargetLong      = refuse(414, "the request line is too long")
	errConnect         = refuse(501, "CONNECT is not served here")
	errVersionSyntax   = refuse(400, "the version is not of the form HTTP/1.1 (RFC 9112, section 2.3)")
	errVersion         = refuse(505, "the version is neither HTTP/1.1 nor HTTP/1.0")
	errFieldName       = refuse(400, "a field line does not begin with a token and a colon (RFC 9112, section 5.1)")
	errFieldSpace      = refuse(400, "white space stands between a field's name and its colon (RFC 9112, section 5.1)")
	errFold            = refuse(400, "a field line is folded (RFC 9112, section 5.2)")
	errFieldValue      = refuse(400, "a field's value has NUL (RFC 9110, section 5.5)")
	errLineLong        = refuse(431, "a field line is too long")
	errHeadLong        = refuse(431, "the head is too long")
	errFieldsMany      = refuse(431, "there are too many fields")
	errHostMissing     = refuse(400, "an HTTP/1.1 request has no Host (RFC 9112, section 3.2)")
	errHostMany        = refuse(400, "the request has several Hosts (RFC 9112, section 3.2)")
	errHostSyntax      = refuse(400, "Host is not a host with an optional port (RFC 9112, section 3.2)")
	errHostDiffers     = refuse(400, "Host differs from the authority in the request target (RFC 9112, section 3.2.2)")
	errLengthSyntax    = refuse(400, "Content-Length is not a plain decimal number (RFC 9110, section 8.6)")
	errLengthMany      = refuse(400, "Content-Length occurs several times (RFC 9112, section 6.3)")
	errLengthAndCoding = refuse(400, "both Content-Length and Transfer-Encoding are there (RFC 9112, section 6.3)")
	errCoding          = refuse(400, "Transfer-Encoding is something other than chunked, once (RFC 9112, section 6.1)")
	errCodingVersion   = refuse(400, "Transfer-Encoding came with HTTP/1.0 (RFC 9112, section 6.1)")
	errOptionsMany     = refuse(400, "Connection lists too many options")
	errStatusLine      = refuse(502, "the status line is not a version of HTTP, a status and a reason (RFC 9112, section 4)")
)

func refuse(status int, detail string) *message.Error {
	return &message.Error{Status: status, Detail: detail}
}
