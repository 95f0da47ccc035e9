// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// answer writes a value as the commands do with -o json.
func answer(w http.ResponseWriter, v any) {
	text, err := encode(v, "  ")
	if err != nil {
		refuse(w, http.StatusInternalServerError, "writing the answer: %v", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // if it fails, the client is gone
}

// encode returns a value in JSON, with a line break at its end.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(v)
	return b.Bytes(), err
}

// eventPatience is how long a client may take to read what a stream has for it.
const eventPatience = 10 * time.Second

// events is an answer of server-sent events.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	text    bytes.Buffer
}

// begin begins the answer.
func begin(w http.ResponseWriter) *events {
	w.Header().Set("Content-Type", "text/event-stream")
	e := &events{w: w, control: http.NewResponseController(w)}
	e.text.WriteString("retry: 2000\n\n")
	return e
}

// add adds an event with a value of one line. kind is empty for the usual one.
func (e *events) add(kind string, line []byte) {
	if kind != "" {
		e.text.WriteString("event: " + kind + "\n")
	}
	e.text.WriteString("data: ")
	e.text.Write(bytes.TrimSuffix(line, []byte("\n")))
	e.text.WriteString("\n\n")
}

// send sends what was added. It returns false if the client is gone.
func (e *events) send() bool {
	if e.text.Len() == 0 {
		return true
	}
	if err := e.control.SetWriteDeadline(time.Now().Add(eventPatience)); err != nil {
		return false
	}
	_, err := e.text.WriteTo(e.w)
	return err == nil && e.control.Flush() == nil
}
