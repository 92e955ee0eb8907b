//! postcard's serializer, but for fields that are left out: a zero byte stands in their place.
//!
//! Whatever may be left out reads back from that byte: `None`, an empty list, zero, `false`. The rest is
//! postcard's, and its own deserializer reads all of it.

use postcard::ser_flavors::Flavor;
use postcard::{Error, Result};
use serde::{Serialize, Serializer, ser};

/// A serializer into a vector of bytes. It is its own compound of every kind: none needs to remember anything.
pub(super) struct Compact<'a>(postcard::Serializer<Append<'a>>);

impl<'a> Compact<'a> {
    pub(super) const fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self(postcard::Serializer { output: Append(bytes) })
    }

    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(Compact::new(self.0.output.0))
    }

    /// A variant is known by its place.
    fn variant(mut self, place: u32) -> Result<Self> {
        (&mut self.0).serialize_u32(place)?;
        Ok(self)
    }

    fn counted(mut self, len: Option<usize>) -> Result<Self> {
        (&mut self.0).serialize_seq(len)?;
        Ok(self)
    }

    /// What stands for a field that is left out.
    fn leave_out(&mut self) -> Result<()> {
        self.0.output.try_push(0)
    }
}

/// The end of a vector of bytes.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> Result<()> {
        Ok(())
    }
}

/// What has no parts is postcard's.
macro_rules! plain {
    ($($method:ident($($value:ident: $type:ty),*);)*) => {
        $(
            fn $method(mut self, $($value: $type),*) -> Result<()> {
                (&mut self.0).$method($($value),*)
            }
        )*
    };
}

impl Serializer for Compact<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    plain! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, place: u32, variant: &'static str);
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(mut self, value: &T) -> Result<()> {
        (&mut self.0).collect_str(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Result<()> {
        self.0.output.try_push(1)?;
        self.put(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(mut self, _: &'static str, value: &T) -> Result<()> {
        self.put(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        place: u32,
        _: &'static str,
        value: &T,
    ) -> Result<()> {
        self.variant(place)?.put(value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self> {
        self.counted(len)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, place: u32, _: &'static str, _: usize) -> Result<Self> {
        self.variant(place)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self> {
        self.counted(len)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        place: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self> {
        self.variant(place)
    }
}

/// One part after the other, with nothing between and nothing after them.
macro_rules! parts {
    ($($compound:ident::$method:ident;)*) => {
        $(
            impl ser::$compound for Compact<'_> {
                type Ok = ();
                type Error = Error;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                    self.put(value)
                }

                fn end(self) -> Result<()> {
                    Ok(())
                }
            }
        )*
    };
}

parts! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! fields {
    ($($compound:ident;)*) => {
        $(
            impl ser::$compound for Compact<'_> {
                type Ok = ();
                type Error = Error;

                fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<()> {
                    self.put(value)
                }

                fn skip_field(&mut self, _: &'static str) -> Result<()> {
                    self.leave_out()
                }

                fn end(self) -> Result<()> {
                    Ok(())
                }
            }
        )*
    };
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

impl ser::SerializeMap for Compact<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.put(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.put(value)
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}
