use super::*;
use crate::fixtures::{
    film::{Film, QUARTER, boxed},
    probe,
};

#[tokio::test]
async fn films_tell_size_length_and_frame_rate() {
    let quarter = Film {
        matrix: QUARTER,
        ..Film::default()
    };
    let cases = [
        (Film::default(), (1920, 1080)),
        (
            Film {
                index_first: false,
                ..Film::default()
            },
            (1920, 1080),
        ),
        (
            Film {
                index_first: false,
                pixels: 300_000,
                ..quarter.clone()
            },
            (1080, 1920),
        ),
        (
            Film {
                long_times: true,
                ..quarter
            },
            (1080, 1920),
        ),
        (
            Film {
                shown: (0, 0),
                ..Film::default()
            },
            (640, 480),
        ),
    ];
    for (film, (width, height)) in cases {
        let file = film.file();
        let found = probe(&file).await.unwrap();
        let rate = found.frame_rate.unwrap();
        assert!((rate - 29.97).abs() < 0.001, "{rate}");
        let expected = MediaFacts {
            duration_ms: Some(2000),
            frame_rate: Some(rate),
            ..facts(MediaFormat::Mp4, &file, width, height)
        };
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_films_length_may_stand_in_the_track_or_the_fragments() {
    let length = |film: Film| async move { probe(&film.file()).await.unwrap().duration_ms };
    let film = Film {
        movie_length: 0,
        ..Film::default()
    };
    assert_eq!(length(film.clone()).await, Some(2002));
    let film = Film {
        movie_length: u32::MAX,
        ..film
    };
    assert_eq!(length(film.clone()).await, Some(2002));
    let film = Film {
        frames: Vec::new(),
        fragments: Some(1500),
        ..film
    };
    assert_eq!(length(film).await, Some(1500));
}

#[tokio::test]
async fn films_of_apple_are_mov() {
    let film = Film {
        brand: b"qt  ",
        ..Film::default()
    };
    assert_eq!(probe(&film.file()).await.unwrap().format, MediaFormat::Mov);
    let old = [film.index(), boxed(b"mdat", &[0; 9]), vec![0; 4]].concat();
    assert_eq!(probe(&old).await.unwrap().format, MediaFormat::Mov);
    let endless = [film.index(), b"\0\0\0\0mdat12345".to_vec()].concat();
    assert_eq!(probe(&endless).await.unwrap().format, MediaFormat::Mov);
    let long = [
        film.index(),
        b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x14data".to_vec(),
    ]
    .concat();
    assert_eq!(probe(&long).await.unwrap().format, MediaFormat::Mov);
}
