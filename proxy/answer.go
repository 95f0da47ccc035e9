package proxy

import (
	"github.com/warren-dev/ingress/proxy/message"
)

var (
	contentType  = []byte("Content-Type")
	plainText    = []byte("text/plain; charset=utf-8")
	proxyStatus  = []byte("Proxy-Status")
	noSniffField = message.Field{Name: []byte("X-Content-Type-Options"), Value: []byte("nosniff")}
)

// proxyStatusOf holds the Proxy-Status value of each reason (RFC 9209).
var proxyStatusOf = func() (values [reasons][]byte) {
	for r := range reasons {
		row := &reasonTable[r]
		values[r] = []byte(`warren; error=` + row.proxy + `; details="` + row.name + `"`)
	}
	return values
}()

// answer writes a response of the proxy's own: the reason's status, the reason in Proxy-Status and, in a line of
// text, the reason and detail. There is no other way to answer; head leaves the text out as a response to HEAD must.
// What resp's fields hold already goes with it.
func answer(down downstream, resp *message.Response, reason Reason, detail string, head bool) error {
	row := &reasonTable[reason]
	if detail == "" {
		detail = row.text
	}
	resp.Version = message.HTTP11
	resp.Status = row.status
	resp.NoContent = head
	resp.ContentLength = int64(len(row.name) + len(": ") + len(detail) + len("\n"))
	resp.Fields = append(resp.Fields,
		message.Field{Name: contentType, Value: plainText},
		message.Field{Name: proxyStatus, Value: proxyStatusOf[reason]},
		noSniffField,
	)
	down.WriteHead(resp)
	w := down.Response()
	if !head {
		for _, part := range [...]string{row.name, ": ", detail, "\n"} {
			room, err := w.Room()
			if err != nil {
				return err
			}
			if err := w.Advance(copy(room, part)); err != nil {
				return err
			}
		}
	}
	return w.End(nil)
}
