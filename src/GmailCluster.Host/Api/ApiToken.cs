using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace GmailCluster.Host.Api;

/// <summary>A secret that lets its bearer into the API.</summary>
/// <param name="Secret">What the bearer sends; kept nowhere.</param>
/// <param name="Line">The line of the tokens file that lets it in.</param>
public sealed record ApiToken(string Secret, string Line)
{
    internal const string HashPrefix = "sha256:";

    private const int SecretBytes = 32;

    /// <summary>Makes a new one.</summary>
    /// <param name="name">Whose it is.</param>
    /// <param name="scope">What it allows.</param>
    public static ApiToken Create(string name, ApiScope scope)
    {
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        return new ApiToken(secret, $"{name} {(scope is ApiScope.Write ? "write" : "read")} {HashPrefix}{Convert.ToHexStringLower(Hash(secret))}");
    }

    // A plain hash is enough: what is guessed is 256 random bits, not a word.
    internal static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
