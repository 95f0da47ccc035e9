// SPDX-License-Identifier: Apache-2.0

package message

// Reader reads a message's content, free of its framing.
type Reader interface {
	// Read returns io.EOF as soon as it is known that nothing follows, also along with the last bytes;
	// io.ErrUnexpectedEOF where the sender went away before the end; an *Error where the framing is malformed.
	Read(p []byte) (int, error)
	// Buffered says whether a Read can return without waiting for the network.
	Buffered() bool
	// Ended says whether the content, trailers included, was read to its end.
	Ended() bool
	// Trailers are the fields that followed the content, once it has ended.
	Trailers() []Field
}

// Writer frames and sends a message's content. What it was given may stay pending until Flush or End, so that a head
// and the first content can leave in one write.
type Writer interface {
	// Room returns memory for the next content. It is valid until the next call of another method.
	Room() ([]byte, error)
	// Advance takes the first n bytes of the last Room as content.
	Advance(n int) error
	// Flush sends what is pending.
	Flush() error
	// End ends the message, with trailers where the framing has a place for them, and sends what is pending.
	End(trailers []Field) error
	// Written is how many bytes of content were taken since the head, sent or not.
	Written() int64
}

// Write gives a message all of this content.
func Write[T string | []byte](w Writer, content T) error {
	for len(content) > 0 {
		room, err := w.Room()
		if err != nil {
			return err
		}
		n := copy(room, content)
		if err := w.Advance(n); err != nil {
			return err
		}
		content = content[n:]
	}
	return nil
}
