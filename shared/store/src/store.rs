//! A store, and what can be done with it: read, write, list, remove.

use std::sync::{Arc, Once};
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{ClientConfigKey, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::runtime::{Builder, Runtime};

use crate::location::Kind;
use crate::{Error, Location, Reader};

/// How long one request may take, of which each moves a few megabytes.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often and for how long a request is tried again that failed for a reason that may pass.
const RETRIES: usize = 5;
const RETRY_PATIENCE: Duration = Duration::from_secs(60);

/// One bucket of a store.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) objects: Arc<dyn ObjectStore>,
}

/// What a store tells of an object without giving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its name: in a list, all that is behind the location that was asked for and a slash.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// When it was last written, by the store's clock.
    pub modified: SystemTime,
}

impl Store {
    /// Makes ready for the bucket of a location; nothing is asked of the store yet.
    ///
    /// # Errors
    /// [`Error::Settings`] if the environment does not say how to get there.
    pub fn open(at: &Location) -> Result<Store, Error> {
        // One implementation of cryptography for all that speaks TLS; whoever was first has chosen the same.
        static CHOSEN: Once = Once::new();
        CHOSEN.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = Arc::new(runtime.map_err(Error::io("cannot begin a thread"))?);
        let _within = runtime.enter();
        let objects =
            build(at).map_err(|error| Error::Settings { at: at.clone(), why: error.to_string() })?;
        Ok(Store { runtime: Arc::clone(&runtime), objects })
    }

    /// Lists the objects whose names begin with that of a location and a slash, by name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn list(&self, under: &Location) -> Result<Vec<Object>, Error> {
        let prefix = path(under)?;
        let listed = self.runtime.block_on(self.objects.list(Some(&prefix)).try_collect::<Vec<_>>());
        let behind = if under.key.is_empty() { String::new() } else { format!("{}/", under.key) };
        let listed = listed.map_err(Error::store("list", under))?;
        let mut objects: Vec<Object> = listed
            .into_iter()
            .filter_map(|meta| {
                let name = meta.location.as_ref().strip_prefix(&behind)?.to_owned();
                Some(Object { name, bytes: meta.size, modified: meta.last_modified.into() })
            })
            .collect();
        objects.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(objects)
    }

    /// Asks for an object without reading it; none if there is none.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn object(&self, at: &Location) -> Result<Option<Object>, Error> {
        match self.runtime.block_on(self.objects.head(&path(at)?)).map_err(Error::store("read", at)) {
            Ok(meta) => {
                let name = at.name().to_owned();
                Ok(Some(Object { name, bytes: meta.size, modified: meta.last_modified.into() }))
            }
            Err(Error::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens an object.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Store`].
    pub fn read(&self, at: &Location) -> Result<Reader, Error> {
        Reader::open(self.clone(), at)
    }

    /// Writes a small object, in the place of one that has its name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn write(&self, at: &Location, bytes: Vec<u8>) -> Result<(), Error> {
        let written = self.runtime.block_on(self.objects.put(&path(at)?, PutPayload::from(bytes)));
        written.map(drop).map_err(Error::store("write", at))
    }

    /// Removes an object; that it is gone already is as good.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn remove(&self, at: &Location) -> Result<(), Error> {
        match self.runtime.block_on(self.objects.delete(&path(at)?)).map_err(Error::store("remove", at)) {
            Err(Error::Missing(_)) => Ok(()),
            removed => removed,
        }
    }
}

/// Names are those of the location, with nothing written in another way.
pub(crate) fn path(at: &Location) -> Result<Path, Error> {
    Path::parse(&at.key).map_err(|_| Error::Location(at.to_string()))
}

fn build(at: &Location) -> object_store::Result<Arc<dyn ObjectStore>> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_PATIENCE, ..RetryConfig::default() };
    let bucket = at.bucket.as_str();
    let timeout = || format!("{} seconds", PATIENCE.as_secs());
    Ok(match at.kind {
        Kind::S3 => Arc::new(
            AmazonS3Builder::from_env()
                .with_bucket_name(bucket)
                // The store then refuses what does not arrive as it was sent.
                .with_checksum_algorithm(Checksum::SHA256)
                .with_retry(retry)
                .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), timeout())
                .build()?,
        ),
        Kind::Google => Arc::new(
            GoogleCloudStorageBuilder::from_env()
                .with_bucket_name(bucket)
                .with_retry(retry)
                .with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), timeout())
                .build()?,
        ),
        Kind::Azure => Arc::new(
            MicrosoftAzureBuilder::from_env()
                .with_container_name(bucket)
                .with_retry(retry)
                .with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), timeout())
                .build()?,
        ),
    })
}
