package syntax

import (
	"time"
)

// LocalDateTime is a date-time without an offset from UTC: its wall clock, in
// UTC.
type LocalDateTime struct{ time.Time }

// LocalDate is a date without a time, at midnight in UTC.
type LocalDate struct{ time.Time }

// LocalTime is a time without a date, on the first day of the year 0 in UTC.
type LocalTime struct{ time.Time }

// normalize gives a value of the decoder the types of [Document.Values]. The
// value itself is changed.
func normalize(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = normalize(v[name])
		}
	case []any:
		for i := range v {
			v[i] = normalize(v[i])
		}
	case []map[string]any:
		array := make([]any, len(v))
		for i := range v {
			array[i] = normalize(v[i])
		}
		return array
	case time.Time:
		return normalTime(v)
	}
	return v
}

// normalTime takes the machine's offset out of a local time. The decoder tells
// such a time by the name of its location.
func normalTime(t time.Time) any {
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	switch t.Location().String() {
	case "datetime-local":
		return LocalDateTime{wall}
	case "date-local":
		return LocalDate{wall}
	case "time-local":
		return LocalTime{wall}
	}
	return t.UTC()
}

// oddZone finds an offset from UTC that the decoder takes, but that there is
// not: with 60 minutes or more.
func (d *Document) oddZone() *Error {
	for _, it := range d.Items {
		if !it.IsHeader() && it.End-it.Value > len("2026-12-01T09:00") {
			s := d.Text[it.Value:it.End]
			n := len(s) - len("+01:00")
			if _, ok := At(d.Values, it.Path...).(time.Time); ok && (s[n] == '+' || s[n] == '-') && (string(s[n+1:n+3]) > "23" || string(s[n+4:]) > "59") {
				return &Error{it.Value, "no offset from UTC is " + string(s[n:]), "it is hours and minutes: +05:30"}
			}
		}
	}
	return nil
}

// At is what stands at a path, nil for nothing.
func At(v any, path ...any) any {
	for _, part := range path {
		switch at := part.(type) {
		case string:
			table, _ := v.(map[string]any)
			v = table[at]
		case int:
			array, _ := v.([]any)
			if at >= len(array) {
				return nil
			}
			v = array[at]
		}
	}
	return v
}
