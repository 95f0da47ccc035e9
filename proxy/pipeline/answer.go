// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

var (
	contentType  = []byte("Content-Type")
	plainText    = []byte("text/plain; charset=utf-8")
	octetStream  = []byte("application/octet-stream")
	proxyStatus  = []byte("Proxy-Status")
	noSniffField = message.Field{Name: []byte("X-Content-Type-Options"), Value: []byte("nosniff")}
)

// proxyStatusOf holds the Proxy-Status value of each reason (RFC 9209).
var proxyStatusOf = func() (values [reason.Count][]byte) {
	for r := range reason.Count {
		values[r] = []byte(`warren; error=` + r.ErrorType() + `; details="` + r.String() + `"`)
	}
	return values
}()

// certificateRefused is the value for UpstreamTLSFailed where it is the endpoint's certificate that is to blame.
var certificateRefused = []byte(`warren; error=tls_certificate_error; details="UpstreamTLSFailed"`)

// answer writes a response of the proxy's own: the status of why, status as Proxy-Status, which names the reason, and
// content, which is in pieces. There is no other way to answer; head leaves the content out as a response to HEAD must.
// What resp's fields hold already goes with it.
func answer(down Downstream, resp *message.Response, why reason.Reason, status []byte, head bool, mediaType []byte, content ...string) error {
	resp.Version = message.HTTP11
	resp.Status = why.Status()
	resp.NoContent = head
	resp.ContentLength = 0
	for _, piece := range content {
		resp.ContentLength += int64(len(piece))
	}
	resp.Fields = append(resp.Fields,
		message.Field{Name: contentType, Value: mediaType},
		message.Field{Name: proxyStatus, Value: status},
		noSniffField,
	)
	down.WriteHead(resp)
	w := down.Response()
	if !head {
		for _, piece := range content {
			if err := message.Write(w, piece); err != nil {
				return err
			}
		}
	}
	return w.End(nil)
}
