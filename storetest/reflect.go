package storetest

import (
	"reflect"
	"time"
)

// scribble overwrites everything that a value shares with its copies: the elements of its slices and maps and
// what its pointers point at, however deep. It tells how many places it found. The value itself is a copy
// already, and what is not exported cannot be edited by a caller either.
func scribble(v any) int { return scribbleOn(reflect.ValueOf(v)) }

func scribbleOn(v reflect.Value) (places int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			places += scribbleOn(v.Elem())
			v.Elem().SetZero()
			places++
		}
	case reflect.Slice:
		for i := range v.Len() {
			places += scribbleOn(v.Index(i))
			v.Index(i).SetZero()
			places++
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			places += scribbleOn(v.MapIndex(k))
			v.SetMapIndex(k, reflect.Zero(v.Type().Elem()))
			places++
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				places += scribbleOn(v.Field(i))
			}
		}
	}
	return places
}

// mapTimes replaces every time in what v points at by what f makes of it, and tells how many there are.
func mapTimes(v any, f func(time.Time) time.Time) int {
	return mapTimesIn(reflect.ValueOf(v).Elem(), f)
}

func mapTimesIn(v reflect.Value, f func(time.Time) time.Time) (times int) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			times += mapTimesIn(v.Index(i), f)
		}
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			v.Set(reflect.ValueOf(f(t)))
			return 1
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				times += mapTimesIn(v.Field(i), f)
			}
		}
	}
	return times
}
