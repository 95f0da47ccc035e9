// SPDX-License-Identifier: Apache-2.0

package message

// Reader reads a message's content without its framing.
type Reader interface {
	// Read returns io.EOF as soon as it is known that nothing follows, perhaps along with the last bytes. It returns
	// io.ErrUnexpectedEOF if the sender went away before the end, and an *Error if the framing is malformed.
	Read(p []byte) (int, error)
	// Buffered returns whether a Read can return without waiting for the network.
	Buffered() bool
	// Ended returns whether the content was read to its end, including trailers.
	Ended() bool
	// Trailers returns the fields that followed the content, once it has ended.
	Trailers() []Field
}

// Writer frames and sends a message's content. What it was given may stay pending until Flush or End, so that a head
// and the first content can be sent in one write.
type Writer interface {
	// Room returns memory for the next content. It is valid until the next call of another method.
	Room() ([]byte, error)
	// Advance takes the first n bytes of the last Room as content.
	Advance(n int) error
	// Flush sends what is pending.
	Flush() error
	// End ends the message, with trailers if the framing has a place for them, and sends what is pending.
	End(trailers []Field) error
	// Written returns how many bytes of content were taken since the head, sent or not.
	Written() int64
}

// Write writes all of the content.
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
