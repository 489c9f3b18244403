//! Enums whose values the API and the database write as words.

/// An enum with the word of each value: `as_str` writes it, `TryFrom<String>` reads what the database
/// kept, and refuses a word that is none of ours as `INTERNAL`.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $variant,)*
        }

        impl $name {
            /// The name as the API and the database write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::Error;
            fn try_from(text: String) -> $crate::Result<Self> {
                match text.as_str() {
                    $($text => Ok(Self::$variant),)*
                    _ => Err($crate::Error::internal(format!("unknown {} {text}", stringify!($name)))),
                }
            }
        }
    };
}

pub(crate) use names;
