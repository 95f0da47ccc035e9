// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
)

// uploader sends content of all sizes, with a length or in chunks. It compares what the endpoint says it got.
type uploader struct{ *session }

func newUploader(v *visitor) client { return uploader{newSession(v, v.dial)} }

const (
	largestUpload = 4 << 20
	longestChunk  = 128 << 10
)

func (u uploader) round() (string, error) {
	return "", u.upload(stableHost, u.spread(0, largestUpload), u.rnd.IntN(2) == 0)
}

// spread draws a size between two bounds. Each order of magnitude is about as likely as any other.
func (v *visitor) spread(least, most int64) int64 {
	bits := 0
	for most>>bits > 0 {
		bits++
	}
	return max(least, min(most, v.rnd.Int64N(1<<(1+v.rnd.IntN(bits)))))
}

// upload sends size bytes to /hash on a host and checks the receipt.
func (s *session) upload(host string, size int64, chunked bool) error {
	framing := fmt.Sprintf("Content-Length: %d", size)
	if chunked {
		framing = "Transfer-Encoding: chunked"
	}
	c := s.call("POST", host, "/hash", framing)
	w, err := s.open()
	if err != nil {
		return err
	}
	receipt, err := s.sendUpload(w, c, size, chunked)
	if err != nil {
		s.close()
		return cutOff(fmt.Errorf("%s of %d bytes, chunked %t: sending: %w", c, size, chunked, err))
	}
	goesOn, err := w.checkReceipt(c, receipt)
	if err != nil {
		s.close()
		return fmt.Errorf("%s of %d bytes, chunked %t: %w", c, size, chunked, err)
	}
	s.settle(goesOn)
	return nil
}

// sendUpload sends a whole request. It returns the receipt that it has to get.
func (s *session) sendUpload(w *wire, c *call, size int64, chunked bool) (receipt string, err error) {
	out := bufio.NewWriter(w)
	if _, err := out.WriteString(c.head()); err != nil {
		return "", err
	}
	if s.rnd.IntN(2) == 0 { // the content in segments of its own
		if err := out.Flush(); err != nil {
			return "", err
		}
	}
	if receipt, err = s.writeUpload(out, c, size, chunked); err != nil {
		return "", err
	}
	return receipt, out.Flush()
}

// writeUpload writes the content of a request. It returns the receipt that it has to get.
func (v *visitor) writeUpload(out *bufio.Writer, c *call, size int64, chunked bool) (receipt string, err error) {
	digest := sha256.New()
	content := io.TeeReader(v.pattern.body(v.rnd.Uint64(), size), digest)
	trailer := ""
	if chunked {
		trailer = c.id
		err = v.writeChunks(out, content, size, trailer)
	} else {
		_, err = io.Copy(out, content)
	}
	return uploadReceipt(digest.Sum(nil), size, trailer), err
}

// uploadText returns the content of an upload as it goes over the wire, and the receipt that it has to get.
func (v *visitor) uploadText(c *call, size int64, chunked bool) (content, receipt string) {
	var text strings.Builder
	out := bufio.NewWriter(&text)
	// Writing to memory never fails.
	receipt, _ = v.writeUpload(out, c, size, chunked)
	_ = out.Flush()
	return text.String(), receipt
}

// writeChunks writes size bytes in chunks of all sizes, some with an extension, and a trailer.
func (v *visitor) writeChunks(out *bufio.Writer, content io.Reader, size int64, trailer string) error {
	extensions := []string{"", "", "", ";a", ";a=b", ` ; a = "b c"`}
	for left := size; left > 0; {
		n := min(left, v.spread(1, longestChunk))
		fmt.Fprintf(out, "%x%s\r\n", n, extensions[v.rnd.IntN(len(extensions))])
		if _, err := io.CopyN(out, content, n); err != nil {
			return err
		}
		// A writer that failed says so at the end.
		_, _ = out.WriteString("\r\n")
		left -= n
	}
	_, err := fmt.Fprintf(out, "0\r\n%s: %s\r\n\r\n", trailerField, trailer)
	return err
}

// checkReceipt reads the answer to an upload.
func (w *wire) checkReceipt(c *call, receipt string) (goesOn bool, err error) {
	r, err := w.receive(c.method)
	if err != nil {
		return false, err
	}
	return r.goesOn(), w.sameReceipt(r, c, receipt)
}

func (w *wire) sameReceipt(r *reply, c *call, receipt string) error {
	if err := w.genuine(r, c, 200); err != nil {
		return err
	}
	var got strings.Builder
	if _, err := io.Copy(&got, r.Body); err != nil {
		return fmt.Errorf("reading the receipt: %w", err)
	}
	if got.String() != receipt {
		return fmt.Errorf("the endpoint got %s instead of %s", got.String(), receipt)
	}
	return nil
}
